#include "pilot.h"

int normal(int degrees) {
    return degrees % 360;
}

/* The shorter way from one course to another; negative to port. */
int turn(int from, int to) {
    return normal(to - from);
}

int opposite(int course) {
    return normal(course + 180);
}
