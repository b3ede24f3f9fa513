#include "ui/train/run_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRandomGenerator>
#include <QScrollArea>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/catalogue/fitting.h"
#include "ui/catalogue/measured.h"
#include "ui/data/current_data.h"
#include "ui/project/attached.h"
#include "ui/project/user_folders.h"
#include "ui/shelf/shelf_keeper.h"
#include "ui/style/icons.h"
#include "ui/train/command_box.h"
#include "ui/train/parameter_tree.h"
#include "ui/train/preflight_list.h"
#include "ui/train/run_book.h"
#include "ui/widgets/counted.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/section.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {
namespace {

constexpr int kCheckMs = 120;

QWidget* beside(QWidget* field, std::initializer_list<QWidget*> more) {
  auto* box = new QWidget;
  auto* row = tight(new QHBoxLayout(box), 4);
  row->addWidget(field, 1);
  for (QWidget* one : more) row->addWidget(one);
  return box;
}

}  // namespace

RunForm::RunForm(Session& session, QWidget* parent)
    : QWidget(parent), session_(session), data_(attached<CurrentData>(session)), book_(attached<RunBook>(session)), shelf_(attached<ShelfKeeper>(session)) {
  attached<MeasuredSpeeds>(session);
  parameters_ = new ParameterTree(false);
  settings_ = new Section(tr("Settings"), QStringLiteral("run_form_settings"));
  settings_->addWidget(parameters_);
  list_ = new PreflightList;
  command_ = new CommandBox;
  auto* as_command = new Section(tr("The same as a command"), QStringLiteral("run_form_command"));
  as_command->addWidget(command_);
  start_ = withTip(makeButton(tr("Start"), "primary"), tr("Starts training (Ctrl+Enter)"));
  start_->setObjectName(QStringLiteral("start_run"));
  start_->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_Return));
  verdict_ = makeWrappedLabel(QString(), "dim");

  auto* content = new QWidget;
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(0, 4, 8, 8);
  column->setSpacing(12);
  column->addWidget(makeFields());
  column->addWidget(list_);
  column->addWidget(settings_);
  column->addWidget(as_command);
  column->addStretch(1);
  auto* scroll = new QScrollArea;
  scroll->setWidget(content);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* foot = new QHBoxLayout;
  foot->setContentsMargins(0, 8, 8, 4);
  foot->addWidget(verdict_, 1);
  foot->addWidget(start_);
  auto* whole = tight(new QVBoxLayout(this), 0);
  whole->addWidget(scroll, 1);
  whole->addLayout(foot);

  later_.setSingleShot(true);
  later_.setInterval(kCheckMs);
  connect(&later_, &QTimer::timeout, this, &RunForm::check);
  connect(list_, &PreflightList::fixWanted, this, &RunForm::fix);
  connect(start_, &QPushButton::clicked, this, &RunForm::start);
  connect(&parameters_->model(), &ParameterModel::changed, this, [this] {
    const auto count = parameters_->model().changes().size();
    settings_->setNote(count == 0 ? QString() : tr("%1 changed").arg(count));
    later();
  });
  connect(&data_, &CurrentData::changed, this, [this] {
    fillData();
    later();
  });
  connect(&shelf_.store(), &ShelfStore::changed, this, &RunForm::fillData);
  connect(&shelf_, &ShelfKeeper::missingChanged, this, &RunForm::fillData);
  connect(&book_, &RunBook::runChanged, this, [this] { if (isVisible()) later(); });
  setFocusProxy(start_);
  fillSystems();
  fillData();
  suggestFolder();
  check();
}

QWidget* RunForm::makeFields() {
  auto* box = new QWidget;
  // A grid and not a form layout: that one gives wrapped notes the height of their narrowest width.
  auto* form = new QGridLayout(box);
  form->setContentsMargins(0, 0, 0, 0);
  form->setHorizontalSpacing(12);
  form->setVerticalSpacing(6);
  form->setColumnStretch(1, 1);

  system_ = new QComboBox;
  system_->setAccessibleName(tr("System"));
  auto* catalogue = makeIconButton(QStringLiteral("system"), tr("Catalogue: what each system is"));
  system_note_ = makeWrappedLabel(QString(), "small");
  preset_ = new QComboBox;
  preset_->setAccessibleName(tr("Preset"));
  preset_note_ = makeWrappedLabel(QString(), "small");
  data_box_ = new QComboBox;
  data_box_->setAccessibleName(tr("Data"));
  auto* import = makeIconButton(QStringLiteral("import"), tr("Import pictures"));
  data_note_ = makeWrappedLabel(QString(), "small");
  until_ = new QDoubleSpinBox;
  until_->setRange(0.0, 1e7);
  until_->setDecimals(0);
  until_->setSpecialValueText(tr("as the preset says"));
  until_->setAccessibleName(tr("Until"));
  until_->setToolTip(tr("When the run ends by itself. It can be stopped and gone on with at any time."));
  until_unit_ = new QComboBox;
  until_unit_->setAccessibleName(tr("Unit of the length"));
  until_unit_->addItem(tr("kimg"), static_cast<int>(Until::Unit::kimg));
  until_unit_->addItem(tr("minutes"), static_cast<int>(Until::Unit::minutes));
  until_unit_->addItem(tr("steps"), static_cast<int>(Until::Unit::steps));
  seed_ = new QSpinBox;
  seed_->setRange(0, 2147483647);
  seed_->setAccessibleName(tr("Seed"));
  seed_->setToolTip(tr("Equal seeds, data and settings give equal runs."));
  auto* dice = makeIconButton(QStringLiteral("dice"), tr("Another seed"));
  device_ = new QComboBox;
  device_->setAccessibleName(tr("Device"));
  const QString name = QString::fromStdString(session_.studio().device);
  // Where there is a graphics card, its name stands here; else only the processor can be chosen.
  if (!name.startsWith(QLatin1String("CPU"))) device_->addItem(name, QStringLiteral("cuda"));
  device_->addItem(name.startsWith(QLatin1String("CPU")) ? name : tr("CPU"), QStringLiteral("cpu"));
  out_ = new QLineEdit;
  out_->setAccessibleName(tr("Folder of the run"));
  auto* browse_button = makeIconButton(QStringLiteral("folder"), tr("Choose a folder"));
  resume_ = new QCheckBox(tr("Go on with the run in this folder"));

  const auto row = [form](const QString& text, QWidget* field, QWidget* buddy) {
    QLabel* name_label = makeLabel(text, "dim");
    name_label->setBuddy(buddy);
    const int at = form->rowCount();
    form->addWidget(name_label, at, 0, Qt::AlignVCenter);
    form->addWidget(field, at, 1);
  };
  const auto under = [form](QWidget* note) { form->addWidget(note, form->rowCount(), 1); };
  row(tr("System"), beside(system_, {catalogue}), system_);
  under(system_note_);
  row(tr("Preset"), preset_, preset_);
  under(preset_note_);
  row(tr("Data"), beside(data_box_, {import}), data_box_);
  under(data_note_);
  row(tr("Until"), beside(until_, {until_unit_}), until_);
  row(tr("Seed"), beside(seed_, {dice}), seed_);
  row(tr("Device"), device_, device_);
  row(tr("Folder"), beside(out_, {browse_button}), out_);
  under(resume_);

  connect(system_, &QComboBox::activated, this, [this] { chooseSystem(system_->currentData().toString().toStdString()); });
  connect(catalogue, &QToolButton::clicked, this, [this] { session_.openSheet(QStringLiteral("catalogue"), {system_->currentData().toString()}); });
  connect(preset_, &QComboBox::activated, this, [this] { choosePreset(preset_->currentData().toString().toStdString()); });
  connect(data_box_, &QComboBox::activated, this, [this] { chooseData(data_box_->currentData().toString()); });
  connect(import, &QToolButton::clicked, this, [this] { session_.openSheet(QStringLiteral("import")); });
  connect(until_, &QDoubleSpinBox::valueChanged, this, &RunForm::later);
  connect(until_unit_, &QComboBox::activated, this, &RunForm::later);
  connect(seed_, &QSpinBox::valueChanged, this, &RunForm::later);
  connect(dice, &QToolButton::clicked, this, [this] { seed_->setValue(static_cast<int>(QRandomGenerator::global()->bounded(1, 1000000))); });
  connect(device_, &QComboBox::activated, this, &RunForm::later);
  connect(out_, &QLineEdit::textEdited, this, [this] {
    folder_is_ours_ = false;
    later();
  });
  connect(browse_button, &QToolButton::clicked, this, &RunForm::browse);
  connect(resume_, &QCheckBox::toggled, this, &RunForm::later);
  return box;
}

// ---- what there is to choose ----

void RunForm::fillSystems() {
  for (const auto& system : session_.systems()) {
    if (trains(system)) system_->addItem(QString::fromStdString(system.name), QString::fromStdString(system.id));
  }
  if (system_->count() > 0) {
    chooseSystem(system_->itemData(0).toString().toStdString());
  } else {
    system_note_->setText(tr("No system of this build trains yet."));
  }
}

void RunForm::chooseSystem(const std::string& id) {
  const SystemInfo* system = session_.findSystem(id);
  if (!system) return;
  system_->setCurrentIndex(system_->findData(QString::fromStdString(id)));
  system_note_->setText(QString::fromStdString(system->sentence));
  const QString before = preset_->currentData().toString();
  preset_->clear();
  for (const auto& preset : system->presets) preset_->addItem(QString::fromStdString(preset.label), QString::fromStdString(preset.id));
  const int same = preset_->findData(before);
  preset_->setCurrentIndex(same >= 0 ? same : 0);
  choosePreset(preset_->currentData().toString().toStdString());
  if (data_.info()) choosePresetFor(*data_.info());
}

void RunForm::choosePreset(const std::string& id) {
  const SystemInfo* system = session_.findSystem(system_->currentData().toString().toStdString());
  if (!system) return;
  preset_->setCurrentIndex(preset_->findData(QString::fromStdString(id)));
  QString note;
  for (const auto& preset : system->presets) {
    if (preset.id == id) note = QString::fromStdString(preset.help);
  }
  if (const auto measured = attached<MeasuredSpeeds>(session_).of(system->id, id)) {
    if (!note.isEmpty()) note += QStringLiteral(" · ");
    note += tr("here %1 pictures/s, %2").arg(formatNumber(measured->pictures_per_s, 1), formatBytes(static_cast<std::int64_t>(measured->memory_mb * 1e6)));
  }
  preset_note_->setText(note.trimmed());
  readConfig();
  if (folder_is_ours_) suggestFolder();
  later();
}

// Points are no pictures: the first preset that takes what is there, unless the chosen one does.
void RunForm::choosePresetFor(const DatasetInfo& info) {
  const SystemInfo* system = session_.findSystem(system_->currentData().toString().toStdString());
  if (!system) return;
  const bool points = info.channels == 0;
  const std::string now = preset_->currentData().toString().toStdString();
  const auto& presets = system->presets;
  const auto fits = [points](const PresetInfo& preset) { return preset.points == points; };
  const auto chosen = std::find_if(presets.begin(), presets.end(), [&](const PresetInfo& preset) { return preset.id == now; });
  const auto first = std::find_if(presets.begin(), presets.end(), fits);
  if (first != presets.end() && (chosen == presets.end() || !fits(*chosen))) choosePreset(first->id);
}

void RunForm::readConfig() {
  const auto text = session_.studio().catalogue->config(system_->currentData().toString().toStdString(), preset_->currentData().toString().toStdString());
  config_ = text ? ConfigBook::parse(text.value()) : std::nullopt;
  parameters_->model().setBook(config_.value_or(ConfigBook()));
}

void RunForm::fillData() {
  const QSignalBlocker blocker(data_box_);
  const QString now = data_.store();
  data_box_->clear();
  for (const auto& entry : shelf_.store().entries()) {
    if (entry.kind == ShelfKind::data && !shelf_.missing(entry.path)) data_box_->addItem(entry.name, entry.path);
  }
  if (!now.isEmpty() && data_box_->findData(now) < 0) data_box_->addItem(QFileInfo(now).fileName(), now);
  data_box_->setPlaceholderText(tr("Choose data"));
  data_box_->setCurrentIndex(now.isEmpty() ? -1 : data_box_->findData(now));
  if (data_.info()) {
    const auto& info = *data_.info();
    QString note = info.channels == 0 ? tr("points in the plane") : tr("%1 pictures, %2 x %3 px").arg(QLocale().toString(qlonglong(info.taken))).arg(info.width_px).arg(info.height_px);
    if (!info.class_names.empty()) note += QStringLiteral(", ") + counted(qint64(info.class_names.size()), tr("1 class"), tr("%1 classes"));
    data_note_->setText(note);
    choosePresetFor(info);
  } else {
    data_note_->setText(data_.looking() ? tr("Looking at the pictures...") : QString());
  }
}

void RunForm::chooseData(const QString& store) {
  data_.setStore(store);
  if (folder_is_ours_) suggestFolder();
  later();
}

void RunForm::suggestFolder() {
  const QString store = data_.store();
  const QString data = store.startsWith(QLatin1String("builtin:")) ? store.mid(8) : QFileInfo(store).completeBaseName();
  const QString system = system_->currentData().toString();
  out_->setText(freePath(runsFolder(), fileNameFrom(data.isEmpty() ? system : system + QLatin1Char('-') + data), QString()));
  folder_is_ours_ = true;
}

void RunForm::browse() {
  auto* dialog = new QFileDialog(this, tr("Folder of the run"), QFileInfo(out_->text()).absolutePath());
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setModal(false);
  dialog->setFileMode(QFileDialog::Directory);
  connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
    out_->setText(path);
    folder_is_ours_ = false;
    later();
  });
  dialog->show();
}

// ---- arguments ----

void RunForm::adopt(const QString& folder, bool resume) {
  const auto record = readRunRecord(folder);
  if (!record) {
    session_.report({ErrorCode::bad_input, tr("There is no run in %1.").arg(folder).toStdString(), tr("Nothing was started.").toStdString(), tr("Choose another run on the shelf.").toStdString()});
    return;
  }
  chooseSystem(record->system);
  choosePreset(record->preset);
  chooseData(QString::fromStdString(record->data));
  parameters_->model().setChanges(record->set);
  seed_->setValue(static_cast<int>(std::min<std::uint64_t>(record->seed, 2147483647)));
  if (const int device = device_->findData(QString::fromStdString(record->device)); device >= 0) device_->setCurrentIndex(device);
  resume_->setChecked(resume);
  out_->setText(resume ? folder : freePath(QFileInfo(folder).absolutePath(), QFileInfo(folder).fileName() + QStringLiteral("-fork"), QString()));
  folder_is_ours_ = false;
}

void RunForm::setArguments(const QStringList& arguments) {
  // A fresh sheet suggests a fresh folder: the last one may be taken by now.
  resume_->setChecked(false);
  suggestFolder();
  QString key;
  for (const QString& argument : arguments) {
    const int at = argument.indexOf(QLatin1Char('='));
    const QString name = argument.left(at), value = argument.mid(at + 1);
    if (name == QLatin1String("system")) chooseSystem(value.toStdString());
    if (name == QLatin1String("data")) chooseData(value);
    if (name == QLatin1String("fork")) adopt(value, false);
    if (name == QLatin1String("resume")) adopt(value, true);
    if (name == QLatin1String("key")) key = value;
  }
  check();
  if (!key.isEmpty()) {
    settings_->setFolded(false);
    parameters_->reveal(key.toStdString());
  }
}

// ---- checks ----

TrainOptions RunForm::options() const {
  TrainOptions options;
  options.system = system_->currentData().toString().toStdString();
  options.preset = preset_->currentData().toString().toStdString();
  options.data = data_.store().toStdString();
  options.out = out_->text().trimmed().isEmpty() ? std::string() : QFileInfo(out_->text().trimmed()).absoluteFilePath().toStdString();
  options.set = parameters_->model().changes();
  options.until = {until_->value(), static_cast<Until::Unit>(until_unit_->currentData().toInt())};
  options.seed = static_cast<std::uint64_t>(seed_->value());
  options.device = device_->currentData().toString().toStdString();
  options.resume = resume_->isChecked();
  return options;
}

void RunForm::later() { later_.start(); }

void RunForm::check() {
  PreflightFacts facts;
  facts.options = options();
  facts.system = session_.findSystem(facts.options.system);
  facts.config = config_;
  facts.data = data_.info();
  facts.data_error = data_.error();
  facts.data_looking = data_.looking();
  const QString folder = QString::fromStdString(facts.options.out);
  facts.folder_in_use = book_.inUse(folder);
  facts.runs_under_way = book_.active();
  const int asked = ++asked_;
  // The disk may be slow to answer: not in this thread.
  session_.background<FolderState>(
      this, [folder] { return lookAtFolder(folder); },
      [this, facts, asked](FolderState state) mutable {
        if (asked != asked_) return;
        facts.folder = state;
        showFindings(facts);
      });
}

void RunForm::showFindings(const PreflightFacts& facts) {
  findings_ = preflight(facts);
  list_->setItems(findings_);
  const bool may = mayStart(findings_);
  start_->setEnabled(may);
  start_->setText(resume_->isChecked() ? tr("Go on") : tr("Start"));
  verdict_->setText(may ? QString() : findings_.front().what);
  command_->setCommand(session_.commandFor(TrainJob{facts.options}));
}

void RunForm::fix(const PreflightItem& item) {
  switch (item.fix) {
    case PreflightItem::Fix::none: break;
    case PreflightItem::Fix::choose_data: session_.openSheet(QStringLiteral("import")); break;
    case PreflightItem::Fix::free_folder: suggestFolder(); break;
    case PreflightItem::Fix::resume: resume_->setChecked(false); break;
    case PreflightItem::Fix::drop_key: parameters_->model().reset(item.key); break;
    case PreflightItem::Fix::catalogue: session_.openSheet(QStringLiteral("catalogue")); break;
  }
  later();
}

void RunForm::start() {
  if (!mayStart(findings_)) return;
  const TrainOptions chosen = options();
  const JobId job = session_.submit(TrainJob{chosen});
  book_.note(job, chosen);
  attached<MeasuredSpeeds>(session_).watch(job, chosen.system, chosen.preset);
  session_.closeSheet();
  session_.openWorkspace(QStringLiteral("train"));
  suggestFolder();
}

}  // namespace orrery::ui
