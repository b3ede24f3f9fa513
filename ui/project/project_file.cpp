#include "ui/project/project_file.h"

#include <nlohmann/json.hpp>

namespace orrery::ui {
namespace {

// nlohmann and not QJson: a control's value 1.0 must stay a number with a point, which QJson would make 1.
using Json = nlohmann::ordered_json;  // the mark of the format stands first, so that a glance at a file's start tells it

constexpr int kVersion = 1;
constexpr const char* kMark = "orrery_project";
constexpr qsizetype kMostShelfEntries = 10000;
constexpr const char* kModes[] = {"pictures", "wipe", "difference", "grid", "spectrum", "space", "race"};

JobError bad(const std::string& what, const std::string& details = {}) {
  return {ErrorCode::bad_input, "The project " + what + ".", "The window is as it was.", "Open another project, or its last autosave.", details};
}

Json requestJson(const Request& request) { return Json::parse(request_to_json(request)); }

Request requestFrom(const Json& json) {
  auto request = request_from_json(json.dump());
  if (!request) throw Error(request.error());
  return request.value();
}

std::string textOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

QByteArray projectToJson(const Project& project) {
  const auto& session = project.session;
  Json views = Json::array();
  for (const auto& view : session.views) views.push_back(requestJson(view));
  Json positions = Json::array();
  for (const auto& position : session.positions) positions.push_back(position ? requestJson(*position) : Json(nullptr));
  Json models = Json::object();
  for (const auto& [id, path] : session.model_paths) models[id] = path;
  const Json shelf = Json::parse(shelfToJson(project.shelf).toStdString()).at("entries");
  const Json json{{kMark, kVersion},
                  {"views", views},
                  {"active_view", session.active},
                  {"stage_mode", kModes[static_cast<int>(session.mode)]},
                  {"positions", positions},
                  {"timeline", Json::parse(timeline_to_json(session.timeline))},
                  {"models", models},
                  {"dataset", project.dataset.toStdString()},
                  {"shelf", shelf},
                  {"workspace", project.workspace.toStdString()},
                  {"window_layout", project.window_layout.toBase64().toStdString()}};
  // "replace": a file name that is not UTF-8 must not make a project unsavable.
  return QByteArray::fromStdString(json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n");
}

Result<Project> projectFromJson(const QByteArray& bytes) {
  const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!json.is_object() || !json.contains(kMark)) return bad("file is not one that Orrery wrote");
  try {
    if (json.at(kMark).get<int>() > kVersion) return bad("was written by a newer version of Orrery");
    Project project;
    auto& session = project.session;
    for (const auto& view : json.at("views")) session.views.push_back(requestFrom(view));
    const auto count = session.views.size();
    if (count != 1 && count != 2 && count != 4) return bad("does not show 1, 2 or 4 views");
    session.active = json.value("active_view", 0);
    if (session.active < 0 || session.active >= static_cast<int>(count)) session.active = 0;
    for (int i = 0; i < static_cast<int>(std::size(kModes)); ++i) {
      if (textOf(json, "stage_mode") == kModes[i]) session.mode = static_cast<StageMode>(i);
    }
    std::size_t index = 0;
    for (const auto& position : json.value("positions", Json::array())) {
      if (index == session.positions.size()) break;
      if (!position.is_null()) session.positions[index] = requestFrom(position);
      ++index;
    }
    auto timeline = timeline_from_json(json.at("timeline").dump());
    if (!timeline) return timeline.error();
    session.timeline = timeline.value();
    const Json models = json.value("models", Json::object());
    for (const auto& [id, path] : models.items()) session.model_paths[id] = path.get<std::string>();
    project.dataset = QString::fromStdString(textOf(json, "dataset"));
    const Json shelf{{"entries", json.value("shelf", Json::array())}};
    project.shelf = shelfFromJson(QByteArray::fromStdString(shelf.dump())).value_or(QVector<ShelfEntry>()).mid(0, kMostShelfEntries);
    project.workspace = QString::fromStdString(textOf(json, "workspace"));
    project.window_layout = QByteArray::fromBase64(QByteArray::fromStdString(textOf(json, "window_layout")));
    return project;
  } catch (const Error& error) {
    return error.error();
  } catch (const Json::exception& error) {
    return bad("file is damaged", error.what());
  }
}

}  // namespace orrery::ui
