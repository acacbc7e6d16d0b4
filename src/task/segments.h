#pragma once

#include <string>
#include <vector>

#include "firstlight/task/task.h"
#include "firstlight/task/yaml.h"
#include "template.h"

namespace firstlight {

/// Splits `text`, which is (a part of) `node`'s; throws Error::usage with file and line.
std::vector<TemplatePiece> split_or_throw(const yaml::Node& node, const std::string& text);

/// The error about a marker that has no meaning where it stands.
Error unknown_marker(const yaml::Node& node, const TemplatePiece& piece,
                     const std::vector<std::string>& known);

/// A prompt or a chat form as segments. Only markers of the `allowed` kinds are accepted; views and
/// class keys must be the task's, whose views and classes have been read before. Throws
/// Error::usage with file and line.
std::vector<Segment> parse_segments(const yaml::Node& node, const std::string& text,
                                    const std::vector<Segment::Kind>& allowed, const Task& task);

/// The words in braces of a class line and of an answer.
inline const std::vector<std::string> kLineMarkers = {"index", "letter", "key", "name",
                                                      "description"};

/// A class line or an answer of a task with this many classes. Throws Error::usage with
/// file and line.
std::string parse_line(const yaml::Node& node, std::size_t classes);

/// Whether there is a segment of the kind.
bool holds(const std::vector<Segment>& segments, Segment::Kind kind);

/// What a user's prompt may be made of.
inline const std::vector<Segment::Kind> kPromptMarkers = {
    Segment::Kind::kImage, Segment::Kind::kField, Segment::Kind::kClasses, Segment::Kind::kIndex};

}  // namespace firstlight
