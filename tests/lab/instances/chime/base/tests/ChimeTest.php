<?php
namespace Chime\Tests;

use Chime\Chime;
use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/../src/Chime.php';

final class ChimeTest extends TestCase
{
    public function testMorning(): void
    {
        $this->assertSame(9, (new Chime())->strokes(9));
    }

    public function testAfternoon(): void
    {
        $this->assertSame(3, (new Chime())->strokes(15));
    }

    public function testHalf(): void
    {
        $this->assertSame(1, (new Chime())->strokes(7, 30));
    }
}
