# Stands between a runner and its coordinator, and alters what the runner says as /var/tmp/lie wants it: a word, and
# sometimes more. Never a lie that nobody could see through: no end that was none, and no "it does not run" alone.
use strict;
$| = 1;
my $held;
while (my $line = <STDIN>) {
    my ($kind, $more) = ('', '');
    if (open(my $file, '<', '/var/tmp/lie')) {
        chomp(my $text = <$file> // '');
        ($kind, $more) = split(/ /, $text, 2);
    }
    $kind //= '';
    if ($kind eq 'claims') {
        $line =~ s/"inventory":\[\]/"inventory":[$more]/ or $line =~ s/"inventory":\[/"inventory":[$more,/;
    } elsif ($kind eq 'offsets') {
        $line =~ s/"from":\d+/'"from":' . (18446744073709551615, 9223372036854775807, 1)[rand 3]/e if rand() < 0.5;
    } elsif ($kind eq 'times') {
        $line =~ s/\\"at\\":\d+/'\\"at\\":' . (9223372036854775807, -9223372036854775808, 0)[rand 3]/ge if rand() < 0.5;
        $line =~ s/"now":\d+/'"now":' . (9223372036854775807, -9223372036854775808, 0)[rand 3]/ge;
    } elsif ($kind eq 'twice') {
        print $line;
    } elsif ($kind eq 'noise') {
        print(('x' x 3000000) . "\n", "{}\n", "{\"answer\":{\"to\":7,\"with\":\"done\"}}\n", "\0\xff\n") if rand() < 0.3;
    } elsif ($kind eq 'mute') {
        next if rand() < 0.3;
    } elsif ($kind eq 'refuses') {
        # It has opened the attempt, says so, and then that it has not.
        if (defined $held) {
            print $line;
            if ($line =~ /opened/) {
                my $refusal = ('{"refused":{"fenced":99}}', '{"failed":"no"}', '{"refused":{"host-fault":"no"}}')[rand 3];
                $held =~ s/"done"/$refusal/;
            }
            print $held;
            undef $held;
            next;
        }
        if ($line =~ /"with":"done"/) {
            $held = $line;
            next;
        }
    }
    print $line;
}
