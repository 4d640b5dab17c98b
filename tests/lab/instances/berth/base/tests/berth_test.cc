#include "berth.hpp"
#include <gtest/gtest.h>

TEST(Best, Shortest) { EXPECT_EQ(best({300, 200, 250}, 180), 1); }
TEST(Best, First) { EXPECT_EQ(best({200, 200}, 180), 0); }
TEST(Left, Some) { EXPECT_EQ(left({300, 200}, 180), 20); }
