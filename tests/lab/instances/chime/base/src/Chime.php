<?php
namespace Chime;

/** What a tower clock strikes. */
final class Chime
{
    /** So many strokes on the full hour; one on the half. */
    public function strokes(int $hour, int $minute = 0): int
    {
        if ($minute === 30) {
            return 1;
        }
        return $minute === 0 ? $hour % 12 : 0;
    }

    /** All strokes of a day. */
    public function day(): int
    {
        $sum = 0;
        for ($hour = 0; $hour < 24; $hour++) {
            $sum += $this->strokes($hour);
        }
        return $sum;
    }
}
