#include "firstlight/task/task.h"

#include "firstlight/task/prompt.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace firstlight;
  return fuzz::refused_or_used([&] {
    const Task task = parse_task(fuzz::text_of(data, size), "input.yaml");
    fuzz::require(render_answers(task, {}).size() == task.size());
    render_prompt(task, {}, [](const std::string& field) { return field; });
  });
}
