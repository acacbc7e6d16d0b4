#include "tokenizer/post_processor.h"

#include "tokenizer/bpe.h"

namespace firstlight::nn {
namespace {

std::vector<std::int32_t> ids_of(const JsonObject& tokens, const std::string& name) {
  const JsonObject token = tokens.object(name.c_str());
  std::vector<std::int32_t> ids;
  for (const Json& id : token.array("ids")) {
    if (!id.is_number_unsigned() ||
        id.get<std::uint64_t>() >= static_cast<std::uint64_t>(BpeModel::kMaxIds)) {
      token.fail("ids must be numbers from 0 to " + std::to_string(BpeModel::kMaxIds - 1));
    }
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

PostProcessor from_template(const JsonObject& json) {
  PostProcessor result;
  bool seen_text = false;
  for (const Json& entry : json.array("single")) {
    const JsonObject piece(entry, json.where + ".single");
    if (piece.has("Sequence")) {
      if (seen_text || piece.object("Sequence").text("id") != "A") {
        piece.fail("the template must hold the text (A) once");
      }
      seen_text = true;
    } else {
      const std::string name = piece.object("SpecialToken").text("id");
      const std::vector<std::int32_t> ids = ids_of(json.object("special_tokens"), name);
      auto& side = seen_text ? result.after : result.before;
      side.insert(side.end(), ids.begin(), ids.end());
    }
  }
  if (!seen_text) json.fail("the template 'single' does not hold the text");
  return result;
}

}  // namespace

PostProcessor make_post_processor(const JsonObject& json) {
  const std::string type = json.type();
  if (type == "TemplateProcessing") return from_template(json);
  if (type == "ByteLevel") return {};  // moves offsets only
  if (type != "Sequence") json.unsupported("post_processor");
  PostProcessor result;
  bool have_template = false;
  const Json& list = json.array("processors");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonObject part(list[i], json.where + ".processors[" + std::to_string(i) + "]");
    if (part.type() == "ByteLevel") continue;
    if (have_template) part.fail("more than one template in a sequence is not supported");
    result = make_post_processor(part);
    have_template = true;
  }
  return result;
}

}  // namespace firstlight::nn
