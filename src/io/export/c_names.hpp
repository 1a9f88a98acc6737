// Names of tensors, which may hold anything, as C takes them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "orionrt/formats.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// Fit for a comment, whatever it was. Nothing passes that could end the comment or make it look like another one (`*`),
// splice lines (`\`), begin a trigraph (`?`, of which one splices lines too), or turn text around in an editor
// (non-ASCII: gcc warns of bidirectional controls). Cut to `limit` bytes.
std::string CommentText(std::string_view text, std::size_t limit = 100);

// Letters, digits and single underscores, none at the ends: what is left of `text` when all else turns into `_`. Past
// 200 bytes, cut, with a hash of the whole. May be empty, or begin with a digit: to be put behind a prefix.
std::string Identifier(std::string_view text);

// One per buffer, unique: of its name, or "id_<id>" where that leaves nothing. Names that collide get "_id_<id>"
// appended, all of them, so that no name silently means another buffer when the model grows; ids that collide too,
// "_2", "_3", ...
std::vector<std::string> UniqueIdentifiers(const Problem& problem);

// A literal of C, in quotes: only letters, digits and what no compiler reads twice; all else as octal.
std::string CString(std::string_view text);

// The places of an assignment that have bytes in an arena, tensors then workspaces, as buffers with ids, names, sizes
// and the life [0, 1): what identifiers are made of, the same for the writer of a header and its reader. Names: one per
// place of the assignment.
Problem NamedPlaces(const Assignment& assignment, const std::vector<TensorInBuffer>& tensors,
                    const std::vector<std::string>& workspace_names);

// Fit to stand before "_MORE": letters, digits and single underscores, a letter first, no underscore last. (C++ keeps
// names with "__" for itself, C and C++ most that begin with "_".)
bool IsPlainIdentifier(std::string_view text);

}  // namespace orionrt
