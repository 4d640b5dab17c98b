#include <stdio.h>
static int checks, failures;
static const char *failed;
#define EXPECT(a, b) do { if ((a) != (b)) { failed = #a " is not " #b; return; } } while (0)
#define RUN(test) do { failed = 0; test(); checks++; failures += failed != 0; \
    if (failed) printf("FAIL: %s\n  %s\n", #test, failed); else printf("PASS: %s\n", #test); fflush(stdout); } while (0)
#define END() (printf("%d%%: Checks: %d, Failures: %d, Errors: 0\n", 100 * (checks - failures) / checks, checks, failures), failures != 0)
