// The fewest paths that cover a graph without circles, each node on one.
#pragma once

#include <vector>

namespace orionrt {

// Nodes are 0 ... n - 1; `before[i]` are those with an arc to i, all smaller than i. `before_on_path[i]`: the node that
// must stand before i on its path, or -1 where any may; those given make up paths. Returns per node the one before it
// on its path, or -1 where it begins one: then the longest of its arcs' tails have been preferred, as `depth` tells.
//
// A path cover is a matching of nodes with what comes before them, and the fewest paths are the largest matching (D. R.
// Fulkerson, Note on Dilworth's decomposition theorem for partially ordered sets, 1956), found as J. E. Hopcroft and R.
// M. Karp do (An n^5/2 algorithm for maximum matchings in bipartite graphs, 1973). O(arcs x sqrt(nodes)).
std::vector<int> FewestPaths(const std::vector<std::vector<int>>& before, const std::vector<int>& before_on_path,
                             const std::vector<int>& depth);

}  // namespace orionrt
