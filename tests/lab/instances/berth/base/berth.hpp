// Ships and the berths that they fit into, by length in metres.
#pragma once
#include <vector>

// The place of the shortest berth that is long enough, or -1.
inline int best(const std::vector<int> &berths, int ship) {
    int found = 0;
    for (int i = 0; i < static_cast<int>(berths.size()); i++)
        if (berths[i] >= ship && berths[i] < berths[found]) found = i;
    return found;
}

// Metres that stay free.
inline int left(const std::vector<int> &berths, int ship) { return berths.at(best(berths, ship)) - ship; }
