#pragma once

#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/nn/sites.h"
#include "json_reader.h"

/// What the configurations of classifier networks have in common.
namespace firstlight::nn {

/// Throws for a key that is not in `known`: a misspelt option would be left out silently.
void require_known(const nlohmann::json& object, const JsonReader& reader,
                   const std::vector<std::string>& known);
/// `classes`; empty where the key is absent.
std::vector<std::string> read_network_classes(const JsonReader& root);
/// `input`; the defaults where the key is absent.
SiteInput read_site_input(const JsonReader& root);
/// A fraction from 0 to below 1.
double read_rate(const JsonReader& r, const char* key);

/// The configuration of a trained network's folder, read by parse(text, origin): it names classes.
template <typename Parse>
auto read_trained(const std::string& folder, const Parse& parse) {
  const std::string path = folder + "/config.json";
  auto config = parse(text::read_file(path), path);
  if (config.classes.empty()) throw Error::input(path, "classes are missing");
  return config;
}

}  // namespace firstlight::nn
