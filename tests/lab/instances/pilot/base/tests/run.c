#include "check.h"
#include "pilot.h"

static void test_normal(void) { EXPECT(normal(370), 10); EXPECT(normal(360), 0); }
static void test_opposite(void) { EXPECT(opposite(270), 90); }
static void test_starboard(void) { EXPECT(turn(10, 40), 30); }

int main(void) {
    RUN(test_normal);
    RUN(test_opposite);
    RUN(test_starboard);
    return END();
}
