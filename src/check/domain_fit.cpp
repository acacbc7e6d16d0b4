#include "firstlight/check/domain_fit.h"

#include <algorithm>
#include <set>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/runner.h"
#include "firstlight/task/yaml.h"
#include "labelled.h"

namespace firstlight {
namespace {

using yaml::Node;

DomainRecipe::Stream read_stream(const Node& node, const std::string& task) {
  DomainRecipe::Stream stream{node.at("data").text(), read_selection(node), task};
  if (const Node* own = node.find("task")) stream.task = own->text();
  return stream;
}

void add_class_names(const Task& task, std::vector<std::string>& names) {
  for (const ClassDefinition& definition : task.classes) {
    names.push_back(definition.key);
    names.push_back(definition.name);
    names.insert(names.end(), definition.synonyms.begin(), definition.synonyms.end());
  }
}

/// The names of the concepts that the questions of a domain ask about.
void add_concept_names(const Node& wordings, const std::string& domain,
                       std::vector<std::string>& names) {
  for (const Node& question : wordings.at("questions").items()) {
    if (question.at("domain").text() != domain) continue;
    for (const Node& concept_key : question.at("concepts").items()) {
      for (const Node& name : wordings.at("concepts").at(concept_key.text()).at("names").items()) {
        names.push_back(name.text());
      }
    }
  }
}

std::vector<std::string> words_of(const std::vector<std::string>& names) {
  std::set<std::string> words;
  for (const std::string& name : names) {
    for (std::string& word : content_words(name)) words.insert(std::move(word));
  }
  return {words.begin(), words.end()};
}

using Rows = std::vector<std::vector<float>>;

}  // namespace

std::vector<DomainRecipe> read_domain_recipe(const std::string& path) {
  const Node recipe = yaml::parse(text::read_file(path), path);
  std::vector<DomainRecipe> domains;
  if (const Node* task = recipe.find("task")) {
    DomainRecipe& domain = domains.emplace_back();
    domain.name = task->text();
    domain.tasks = {task->text()};
    add_class_names(load_task(task->text()), domain.names);
    for (const Node& stream : recipe.at("streams").items()) {
      domain.streams.push_back(read_stream(stream, task->text()));
    }
    return domains;
  }
  const std::string folder = path.substr(0, path.find_last_of('/') + 1);
  const std::string wordings_path = folder + recipe.at("wordings").text();
  const Node wordings = yaml::parse(text::read_file(wordings_path), wordings_path);
  for (const Node& stream : recipe.at("streams").items()) {
    const std::string& name = stream.at("domain").text();
    auto found = std::find_if(domains.begin(), domains.end(),
                              [&](const DomainRecipe& domain) { return domain.name == name; });
    if (found == domains.end()) {
      DomainRecipe& domain = domains.emplace_back();
      domain.name = name;
      for (const Node& task : recipe.at("tasks").items()) {
        if (task.at("domain").text() != name) continue;
        domain.tasks.push_back(task.at("task").text());
        add_class_names(load_task(domain.tasks.back()), domain.names);
      }
      if (domain.tasks.empty()) {
        throw stream.error("no task of the recipe belongs to the domain '" + name + "'");
      }
      add_concept_names(wordings, name, domain.names);
      found = domains.end() - 1;
    }
    found->streams.push_back(read_stream(stream, found->tasks.front()));
  }
  return domains;
}

Domain fit_domain(const DomainRecipe& recipe,
                  const std::function<std::unique_ptr<Classifier>(const Task&)>& classifiers,
                  const DomainFitOptions& options) {
  Domain domain{recipe.name, recipe.tasks, words_of(recipe.names), {}};
  ProgressStep step;
  for (const DomainRecipe::Stream& stream : recipe.streams) {
    const Task task = load_task(stream.task);
    const auto classifier = classifiers(task);
    Selection selection = stream.selection;
    selection.sample = options.samples;
    selection.seed = options.seed;
    const auto source = select(open_source(stream.data), selection);
    step.total += source->size();
    Rows rows;
    const std::size_t before = step.done;
    check_detail::classify_each(
        source->size(), *classifier, options.batch,
        {[&](std::size_t i) { return prepare_sample(*source, task, i); },
         [&](std::size_t, const PreparedSample&, const LabelScores& scores) {
           rows.push_back(scores.features);
         },
         [&](std::size_t seen) {
           step.done = before + seen;
           if (options.progress) options.progress(step);
         }});
    if (rows.size() < source->size() || (!rows.empty() && rows.front().empty())) {
      throw Error::input(stream.data,
                         "gives " + std::to_string(rows.size()) + " of " +
                             std::to_string(source->size()) +
                             " samples with features of their pictures",
                         "every sample must be readable, and the model one that runs here");
    }
    domain.streams.push_back(fit_domain_stream(rows, options.false_alarms, stream.data));
  }
  return domain;
}

}  // namespace firstlight
