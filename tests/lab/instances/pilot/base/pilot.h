/* Courses and bearings, in degrees from 0 to 359. */
int normal(int degrees);
int turn(int from, int to);
int opposite(int course);
