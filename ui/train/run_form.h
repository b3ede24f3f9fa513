// The sheet "new-run": system, preset, data, length, seed, folder, settings; the pre-flight list; the same as a command; Start.
#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/session/session.h"
#include "ui/train/preflight.h"

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace orrery::ui {

class CommandBox;
class CurrentData;
class ParameterTree;
class PreflightList;
class RunBook;
class Section;
class ShelfKeeper;

class RunForm : public QWidget {
  Q_OBJECT

 public:
  explicit RunForm(Session& session, QWidget* parent = nullptr);

  // "system=ID", "data=STORE", "key=PATH" (shows that setting), "fork=RUN" (its settings in a new folder), "resume=RUN".
  Q_INVOKABLE void setArguments(const QStringList& arguments);

  TrainOptions options() const;
  const std::vector<PreflightItem>& findings() const { return findings_; }
  ParameterTree& parameters() { return *parameters_; }

 private:
  QWidget* makeFields();
  void fillSystems();
  void fillData();
  void chooseSystem(const std::string& id);
  void choosePreset(const std::string& id);
  void chooseData(const QString& store);
  void choosePresetFor(const DatasetInfo& info);
  void readConfig();
  void suggestFolder();
  void adopt(const QString& folder, bool resume);
  void later();      // check again soon
  void check();
  void showFindings(const PreflightFacts& facts);
  void fix(const PreflightItem& item);
  void start();
  void browse();

  Session& session_;
  CurrentData& data_;
  RunBook& book_;
  ShelfKeeper& shelf_;
  QComboBox* system_;
  QLabel* system_note_;
  QComboBox* preset_;
  QLabel* preset_note_;
  QComboBox* data_box_;
  QLabel* data_note_;
  QDoubleSpinBox* until_;
  QComboBox* until_unit_;
  QSpinBox* seed_;
  QComboBox* device_;
  QLineEdit* out_;
  QCheckBox* resume_;
  Section* settings_;
  ParameterTree* parameters_;
  PreflightList* list_;
  CommandBox* command_;
  QPushButton* start_;
  QLabel* verdict_;
  std::optional<ConfigBook> config_;
  std::vector<PreflightItem> findings_;
  QTimer later_;
  int asked_ = 0;
  bool folder_is_ours_ = true;  // suggested, not typed: follows the system and data
};

}  // namespace orrery::ui
