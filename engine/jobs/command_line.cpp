#include "engine/jobs/command_line.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "engine/train/until.h"

namespace orrery {
namespace fs = std::filesystem;
namespace {

std::string number(double value) {
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, value);
  return std::string(text, written.ptr);
}

std::string base_name(const std::string& path) {
  const auto colon = path.rfind("builtin:", 0) == 0;
  if (colon) return path.substr(8);
  const fs::path p(path);
  return p.has_stem() ? p.stem().string() : path;
}

// "file:<path>" and "run:<folder>" are files of their own; other model ids are passed on as they are.
std::string model_argument(const std::string& id) {
  for (const char* prefix : {"file:", "run:"}) {
    if (id.rfind(prefix, 0) == 0) return id.substr(std::string(prefix).size());
  }
  return id;
}

std::string value_text(const Value& value) {
  struct {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return number(v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const std::vector<double>& v) const {
      std::string out = "[";
      for (const double x : v) out += (out.size() > 1 ? "," : "") + number(x);
      return out + "]";
    }
  } text;
  return std::visit(text, value);
}

// Builds "program word word ...", quoting what needs it.
class Command {
 public:
  explicit Command(const std::string& program) : text_(shell_quoted(program)) {}
  Command& add(const std::string& word) {
    text_ += " " + shell_quoted(word);
    return *this;
  }
  Command& option(const std::string& name, const std::string& value) { return value.empty() ? *this : add(name).add(value); }
  Command& raw(const std::string& words) {
    text_ += " " + words;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string seeds_text(const std::vector<std::int64_t>& seeds) {
  std::string out;
  for (std::size_t i = 0; i < seeds.size();) {
    std::size_t last = i;
    while (last + 1 < seeds.size() && seeds[last + 1] == seeds[last] + 1) ++last;
    out += (out.empty() ? "" : ",") + std::to_string(seeds[i]) + (last > i ? "-" + std::to_string(seeds[last]) : "");
    i = last + 1;
  }
  return out;
}

std::string line_of(const ImportJob& job, const std::string& program) {
  const ImportOptions& o = job.options;
  Command command(program);
  command.add("dataset").add("import");
  for (const auto& source : o.sources) command.add(source);
  command.option("--out", o.out).option("--size", std::to_string(o.size_px));
  command.option("--fit", o.fit == Fit::crop ? "crop" : o.fit == Fit::pad ? "pad" : "stretch");
  command.option("--classes", o.classes == ClassSource::folders ? "folders" : o.classes == ClassSource::file ? "file" : "none");
  return command.text();
}

std::string line_of(const TrainJob& job, const std::string& program) {
  const TrainOptions& o = job.options;
  Command command(program);
  command.add("train").option("--system", o.system).option("--data", o.data).option("--out", o.out).option("--preset", o.preset);
  for (const auto& [path, value] : o.set) command.add("--set").add(path + "=" + value);
  if (o.until.amount > 0.0) command.option("--until", format_until(o.until));
  if (o.seed != 0) command.option("--seed", std::to_string(o.seed));
  if (o.device != "cpu") command.option("--device", o.device);
  if (o.threads > 0) command.option("--threads", std::to_string(o.threads));
  if (o.lr_scale > 0.0) command.option("--lr-scale", number(o.lr_scale));
  if (o.resume) command.add("--resume");
  return command.text();
}

std::string line_of(const AttachJob& job, const std::string& program) {
  return Command(program).add("train").option("--out", job.run).add("--attach").text();
}

std::string line_of(const PictureJob& job, const std::string& program) {
  const PictureExport& o = job.options;
  Command command(program);
  command.add("sample").add(model_argument(o.request.model));
  if (!o.seeds.empty()) command.option("--seeds", seeds_text(o.seeds));
  // Photos and masks are too long for an argument.
  const bool pictures = std::any_of(o.request.values.begin(), o.request.values.end(), [](const auto& value) {
    const auto* text = std::get_if<std::string>(&value.second);
    return text && text->size() > 1000;
  });
  if (pictures) command.raw("--request <(printf %s " + shell_quoted(request_to_json({o.request.model, o.request.values})) + ")");
  else for (const auto& [id, value] : o.request.values) command.add("--set").add(id + "=" + value_text(value));
  command.option("--out", o.out);
  if (o.columns > 0 && !o.seeds.empty()) {
    const auto rows = (o.seeds.size() + static_cast<std::size_t>(o.columns) - 1) / static_cast<std::size_t>(o.columns);
    command.option("--grid", std::to_string(o.columns) + "x" + std::to_string(rows));
  }
  return command.text();
}

std::string line_of(const FilmJob& job, const std::string& program) {
  const FilmExport& o = job.options;
  Command command(program);
  command.add("film").add(model_argument(o.timeline.base.model));
  command.raw("--path <(printf %s " + shell_quoted(timeline_to_json(o.timeline)) + ")");
  return command.option("--out", o.out).option("--fps", number(o.timeline.frames_per_s)).option("--size", std::to_string(o.size_px)).text();
}

// A tape's request and rows. Branches are no options: those go along as the whole request.
void add_tape(Command& command, const Request& request, const std::vector<TapeRow>& rows) {
  command.add("tape").add(model_argument(request.model));
  if (request.branches.empty()) {
    for (const auto& [id, value] : request.values) command.add("--set").add(id + "=" + value_text(value));
    command.option("--seeds", std::to_string(request.get<std::int64_t>("seed", 0)));
  } else {
    command.raw("--request <(printf %s " + shell_quoted(request_to_json(request)) + ")");
    command.option("--seeds", std::to_string(request.get<std::int64_t>("seed", 0)));
  }
  std::string names;
  for (const auto row : rows) names += (names.empty() ? "" : ",") + std::string(tape_row_name(row));
  command.option("--rows", names);
}

std::string line_of(const StripJob& job, const std::string& program) {
  Command command(program);
  add_tape(command, job.request, job.options.rows);
  command.option("--columns", std::to_string(job.options.columns)).option("--size", std::to_string(job.options.size_px));
  return command.option("--strip", job.options.out).text();
}

std::string line_of(const TapeFilmJob& job, const std::string& program) {
  Command command(program);
  add_tape(command, job.request, job.options.rows);
  command.option("--seconds", number(job.options.seconds)).option("--fps", number(job.options.frames_per_s)).option("--size", std::to_string(job.options.size_px));
  return command.option("--quality", std::to_string(job.options.quality)).option("--film", job.options.out).text();
}

std::string line_of(const ModelJob& job, const std::string& program) {
  return Command(program).add("import").add(model_argument(job.options.model)).option("--out", job.options.out).text();
}

std::string line_of(const MeasureJob& job, const std::string& program) {
  std::string metrics;
  for (const auto& metric : job.metrics) metrics += (metrics.empty() ? "" : ",") + metric;
  return Command(program).add("measure").add(model_argument(job.model)).option("--data", job.data).option("--metric", metrics)
      .option("--samples", std::to_string(job.samples)).text();
}

std::string line_of(const DirectionsJob&, const std::string&) { return {}; }

std::string title(const ImportJob& job) {
  if (job.options.sources.empty()) return "pictures";
  const std::string more = job.options.sources.size() > 1 ? " and " + std::to_string(job.options.sources.size() - 1) + " more" : "";
  return base_name(job.options.sources.front()) + more;
}
std::string title(const TrainJob& job) {
  const std::string run = base_name(job.options.out);
  if (job.options.system.empty()) return run;
  return job.options.system + (job.options.data.empty() ? " in " + run : " on " + base_name(job.options.data));
}
std::string title(const AttachJob& job) { return base_name(job.run); }
std::string title(const PictureJob& job) { return base_name(job.options.out); }
std::string title(const FilmJob& job) { return base_name(job.options.out); }
std::string title(const StripJob& job) { return base_name(job.options.out); }
std::string title(const TapeFilmJob& job) { return base_name(job.options.out); }
std::string title(const ModelJob& job) { return base_name(job.options.out); }
std::string title(const MeasureJob& job) { return base_name(model_argument(job.model)); }
std::string title(const DirectionsJob& job) { return base_name(model_argument(job.model)); }

const char* kind(const ImportJob&) { return "import"; }
const char* kind(const TrainJob&) { return "train"; }
const char* kind(const AttachJob&) { return "train"; }
const char* kind(const PictureJob&) { return "export"; }
const char* kind(const FilmJob&) { return "export"; }
const char* kind(const StripJob&) { return "export"; }
const char* kind(const TapeFilmJob&) { return "export"; }
const char* kind(const ModelJob&) { return "export"; }
const char* kind(const MeasureJob&) { return "measure"; }
const char* kind(const DirectionsJob&) { return "measure"; }

}  // namespace

std::string shell_quoted(const std::string& word) {
  const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_+=:,./-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string kind_of(const JobSpec& spec) {
  return std::visit([](const auto& job) { return std::string(kind(job)); }, spec);
}
std::string title_of(const JobSpec& spec) {
  return std::visit([](const auto& job) { return title(job); }, spec);
}
std::string command_line(const JobSpec& spec, const std::string& program) {
  return std::visit([&program](const auto& job) { return line_of(job, program); }, spec);
}

}  // namespace orrery
