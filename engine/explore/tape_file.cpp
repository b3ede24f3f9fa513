#include "engine/explore/tape_file.h"

#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/api/result.h"
#include "engine/api/value_json.h"
#include "engine/explore/tape_store.h"
#include "engine/io/safetensors.h"

namespace orrery {
namespace {

using Json = nlohmann::json;

constexpr const char* kKey = "orrery.tape";
constexpr std::size_t kMostSteps = 100'000;
constexpr std::size_t kMostDimensions = 5;
constexpr std::size_t kMostName = 200;
constexpr struct { const char* name; at::ScalarType type; } kTypes[] = {{"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16},
                                                                        {"I64", at::kLong},   {"I32", at::kInt},   {"U8", at::kByte}};

[[noreturn]] void refuse(const std::string& path, const std::string& why, const std::string& details = {}) {
  throw Error(ErrorCode::bad_input, path + " cannot be used as a tape: " + why + ".", "Nothing was changed.", "Choose a tape that Orrery saved.", details);
}

std::string name_of(at::ScalarType type) {
  for (const auto& known : kTypes) {
    if (known.type == type) return known.name;
  }
  throw Error(ErrorCode::failed, "This process has a state that a tape file cannot hold.", "Nothing was written.", "Report this model's system.", c10::toString(type));
}

std::optional<at::ScalarType> type_of(const std::string& name) {
  for (const auto& known : kTypes) {
    if (name == known.name) return known.type;
  }
  return std::nullopt;
}

// "state.12" -> 12; the number as this program writes it.
std::optional<std::int64_t> number_of(const std::string& name, std::string_view row) {
  if (!name.starts_with(row)) return std::nullopt;
  std::int64_t number = -1;
  const char* end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + row.size(), end, number);
  if (error != std::errc() || at != end || number < 0 || name != std::string(row) + std::to_string(number)) return std::nullopt;
  return number;
}

// JSON has no other numbers.
double finite(double number) { return std::isfinite(number) ? number : 0.0; }

bool holds_exactly(at::ScalarType kept, at::ScalarType original) {
  return kept == original || (at::isFloatingType(kept) && at::isFloatingType(original) && c10::elementSize(kept) < c10::elementSize(original));
}

}  // namespace

void write_tape(const std::string& path, const TapeContents& tape) {
  if (!path.ends_with(".otape")) throw Error(ErrorCode::wrong_use, path + " is no name for a tape.", "Nothing was written.", "Choose a name that ends in .otape.");
  if (tape.steps.empty()) throw Error(ErrorCode::wrong_use, "The tape has no step yet.", "Nothing was written.", "Save it when it has one.");
  Json rows = Json::array(), steps = Json::array();
  for (const auto row : tape.info.rows) rows.push_back(tape_row_name(row));
  std::map<std::string, io::TensorPromise> tensors;
  std::string state_dtype, prediction_dtype = "F32";
  for (std::size_t i = 0; i < tape.steps.size(); ++i) {
    const RecordedStep& step = *tape.steps[i];
    const TapeStep& facts = step.facts();
    steps.push_back({facts.evaluations, finite(facts.level), finite(facts.output_norm), finite(facts.elapsed_ms), finite(step.state_scale())});
    const auto kept = step.kept_as();
    tensors["state." + std::to_string(i)] = {kept.state.kept, kept.state.sizes};
    state_dtype = name_of(kept.state.original);
    if (!kept.prediction.defined) continue;
    tensors["prediction." + std::to_string(i)] = {kept.prediction.kept, kept.prediction.sizes};
    prediction_dtype = name_of(kept.prediction.original);
  }
  const Json description = {{"version", tape_version},
                            {"name", tape.info.name},
                            {"model", {{"name", tape.info.model_name}, {"sha256", tape.info.model_hash}}},
                            {"request", request_json(tape.info.request)},
                            {"complete", tape.info.complete},
                            {"branch_step", tape.info.branch_step},
                            {"rows", std::move(rows)},
                            {"state_dtype", state_dtype},
                            {"prediction_dtype", prediction_dtype},
                            {"steps", std::move(steps)}};
  io::write_safetensors(path, tensors, {{kKey, description.dump(-1, ' ', true, Json::error_handler_t::replace)}}, [&](const std::string& name) {
    const auto state = number_of(name, "state.");
    const auto index = static_cast<std::size_t>(state ? *state : *number_of(name, "prediction."));
    const auto kept = tape.steps[index]->kept();
    return state ? kept.state : kept.prediction;
  });
}

TapeFile::TapeFile(const std::string& path) : path_(path), reader_(std::make_unique<io::TensorReader>(path)) {
  const auto& metadata = reader_->header().metadata;
  const auto found = metadata.find(kKey);
  if (found == metadata.end()) refuse(path_, "it holds something else");
  try {
    read_description(found->second);
  } catch (const Json::exception& error) {
    refuse(path_, "a part of its description has the wrong form", error.what());
  }
  read_entries();
}
TapeFile::~TapeFile() = default;

void TapeFile::read_description(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) refuse(path_, "its description is not JSON");
  if (!json.contains("version") || !json["version"].is_number_integer()) refuse(path_, "it does not say which version it has");
  const auto version = json["version"].get<std::int64_t>();
  if (version > tape_version) refuse(path_, "a later version of Orrery wrote it (tape version " + std::to_string(version) + ")");
  if (version < 1) refuse(path_, "no version of Orrery wrote it");
  info_.name = json.at("name").get<std::string>();
  info_.model_name = json.at("model").at("name").get<std::string>();
  info_.model_hash = json.at("model").at("sha256").get<std::string>();
  if (info_.name.size() > kMostName || info_.model_name.size() > kMostName) refuse(path_, "its name is far too long");
  if (info_.model_hash.size() != 64 || info_.model_hash.find_first_not_of("0123456789abcdef") != std::string::npos) refuse(path_, "it does not say which model made it");
  auto request = request_from(json.at("request"));
  if (!request) refuse(path_, "its request is damaged", request.error().what_happened);
  info_.request = std::move(request.value());
  info_.complete = json.at("complete").get<bool>();
  info_.branch_step = json.at("branch_step").get<std::int64_t>();
  const auto state = type_of(json.at("state_dtype").get<std::string>()), prediction = type_of(json.at("prediction_dtype").get<std::string>());
  if (!state || !prediction || !at::isFloatingType(*prediction)) refuse(path_, "its numbers have an unknown type");
  state_dtype_ = *state;
  prediction_dtype_ = *prediction;
  const Json& steps = json.at("steps");
  if (!steps.is_array() || steps.empty()) refuse(path_, "it has no steps");
  if (steps.size() > kMostSteps) refuse(path_, "it has more than " + std::to_string(kMostSteps) + " steps");
  for (const Json& row : steps) {
    if (!row.is_array() || row.size() != 5) refuse(path_, "its table of steps is damaged");
    Facts facts{{row[0].get<std::int64_t>(), row[1].get<double>(), row[2].get<double>(), row[3].get<double>()}, row[4].get<double>()};
    const TapeStep& step = facts.step;
    const bool sound = std::isfinite(step.level) && step.level >= 0.0 && std::isfinite(step.output_norm) && step.output_norm >= 0.0 && std::isfinite(step.elapsed_ms) && std::isfinite(facts.state_scale);
    if (!sound || step.evaluations < (facts_.empty() ? 0 : facts_.back().step.evaluations)) refuse(path_, "its table of steps has impossible numbers");
    facts_.push_back(facts);
  }
  if (info_.branch_step < 0 || info_.branch_step >= static_cast<std::int64_t>(facts_.size())) refuse(path_, "it branches off at a step that it does not have");
}

void TapeFile::read_entries() {
  const auto& entries = reader_->header().entries;
  const std::vector<std::int64_t>* state_shape = nullptr;
  const std::vector<std::int64_t>* prediction_shape = nullptr;
  std::int64_t states = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    const auto state = number_of(entry.name, "state."), prediction = number_of(entry.name, "prediction.");
    const auto number = state ? state : prediction;
    if (!number || *number >= steps()) refuse(path_, "it has a tensor that belongs to no step");
    const auto*& shape = state ? state_shape : prediction_shape;
    if (!shape) shape = &entry.shape;
    if (entry.shape != *shape) refuse(path_, "the shapes of its steps differ");
    if (entry.shape.size() < 2 || entry.shape.size() > kMostDimensions || entry.begin == entry.end) refuse(path_, "its steps have no shape that a process has");
    if (!holds_exactly(entry.dtype, state ? state_dtype_ : prediction_dtype_)) refuse(path_, "a step's numbers have another type than its process");
    Facts& facts = facts_[static_cast<std::size_t>(*number)];
    if (state) facts.state = i, ++states;
    else facts.prediction = i + 1;
  }
  if (states != steps()) refuse(path_, "steps are missing");  // a name cannot appear twice
}

RenderStep TapeFile::step(std::int64_t step, double& elapsed_ms) const {
  const Facts& facts = facts_.at(static_cast<std::size_t>(step));
  const auto& entries = reader_->header().entries;
  RenderStep out;
  out.step = step;
  out.steps = steps() - 1;
  out.evaluations = facts.step.evaluations;
  out.level = facts.step.level;
  out.output_norm = facts.step.output_norm;
  out.state_scale = facts.state_scale;
  out.state = reader_->read(entries[facts.state]).to(state_dtype_);
  if (facts.prediction > 0) out.prediction = reader_->read(entries[facts.prediction - 1]).to(prediction_dtype_);
  elapsed_ms = facts.step.elapsed_ms;
  return out;
}

}  // namespace orrery
