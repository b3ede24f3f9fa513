#include "ui/export/export_panel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/project/attached.h"
#include "ui/project/reveal_file.h"
#include "ui/project/user_folders.h"
#include "ui/session/playback.h"
#include "ui/tape/tape_desk.h"
#include "ui/train/command_box.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/picture.h"
#include "ui/widgets/section.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/tight.h"
#include "ui/widgets/value_slider.h"

namespace orrery::ui {
namespace {

const QStringList& whatNames() {
  static const QStringList names{QStringLiteral("picture"), QStringLiteral("grid"), QStringLiteral("film"), QStringLiteral("tape"), QStringLiteral("model")};
  return names;
}

QWidget* beside(std::initializer_list<QWidget*> widgets) {
  auto* box = new QWidget;
  auto* row = tight(new QHBoxLayout(box), 6);
  for (QWidget* widget : widgets) row->addWidget(widget);
  row->addStretch(1);
  return box;
}

}  // namespace

ExportPanel::ExportPanel(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  what_ = new Segmented(Segmented::Look::pills);
  what_->setAccessibleName(tr("What to export"));
  what_->setItems({tr("Picture"), tr("Grid"), tr("Film"), tr("Tape"), tr("Model")}, {tr("The view at hand as a PNG that carries its recipe"), tr("Many seeds on one sheet"), tr("The timeline, or the path through the stored positions"), tr("How the picture came about: its steps as a strip or a film"), tr("The network as .safetensors")});
  about_ = makeWrappedLabel(QString(), "dim");
  estimate_ = makeLabel(QString());
  estimate_->setAccessibleName(tr("Size of the file"));
  command_ = new CommandBox;
  auto* as_command = new Section(tr("The same as a command"), QStringLiteral("export_command"));
  as_command->addWidget(command_);
  auto* content = new QWidget;
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(0, 4, 8, 8);
  column->setSpacing(12);
  column->addWidget(what_, 0, Qt::AlignLeft);
  column->addWidget(about_);
  column->addWidget(makeFields());
  column->addWidget(estimate_);
  column->addWidget(as_command);
  column->addStretch(1);
  auto* scroll = new QScrollArea;
  scroll->setWidget(content);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);

  done_box_ = new QWidget;
  auto* done_row = new QHBoxLayout(done_box_);
  done_row->setContentsMargins(0, 8, 8, 0);
  done_text_ = new ElidedLabel(QString(), nullptr, Qt::ElideMiddle);
  auto* reveal = makeButton(tr("Show in folder"));
  done_row->addWidget(done_text_, 1);
  done_row->addWidget(reveal);
  done_box_->hide();
  progress_ = new QProgressBar;
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setAccessibleName(tr("Progress of the export"));
  progress_->hide();
  message_ = makeWrappedLabel(QString(), "dim");
  export_ = makeButton(tr("Export"), "primary");
  export_->setObjectName(QStringLiteral("export"));
  cancel_ = makeButton(tr("Cancel"));
  auto* foot = new QHBoxLayout;
  foot->setContentsMargins(0, 8, 8, 4);
  foot->setSpacing(8);
  foot->addWidget(message_, 1);
  foot->addWidget(cancel_);
  foot->addWidget(export_);
  auto* whole = tight(new QVBoxLayout(this), 0);
  whole->addWidget(scroll, 1);
  whole->addWidget(done_box_);
  whole->addWidget(progress_);
  whole->addLayout(foot);

  later_.setSingleShot(true);
  later_.setInterval(80);
  connect(&later_, &QTimer::timeout, this, &ExportPanel::refresh);
  const auto later = [this] {
    if (isVisible() && !later_.isActive()) later_.start();
  };
  connect(what_, &Segmented::chosen, this, &ExportPanel::chooseWhat);
  connect(reveal, &QPushButton::clicked, this, [this] { revealFile(made_); });
  connect(export_, &QPushButton::clicked, this, &ExportPanel::start);
  connect(cancel_, &QPushButton::clicked, this, [this] {
    if (job_ != 0) {
      session_.say(job_, JobVerb::cancel);
    } else {
      session_.closeSheet();
    }
  });
  connect(&session, &Session::jobChanged, this, &ExportPanel::takeJob);
  connect(&session, &Session::frameArrived, this, later);
  connect(&session, &Session::timelineChanged, this, later);
  connect(&session, &Session::positionsChanged, this, later);
  connect(&session, &Session::viewModelChanged, this, later);
  connect(&attached<TapeDesk>(session), &TapeDesk::tapeChanged, this, later);
  setFocusProxy(export_);
  chooseWhat(0);
}

QWidget* ExportPanel::makeFields() {
  auto* box = new QWidget;
  form_ = new QFormLayout(box);
  form_->setContentsMargins(0, 0, 0, 0);
  form_->setHorizontalSpacing(12);
  form_->setVerticalSpacing(8);
  form_->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  const auto row = [this](const QString& text, QWidget* field, QWidget* buddy = nullptr) {
    QLabel* made = makeLabel(text, "dim");
    made->setBuddy(buddy ? buddy : field);
    form_->addRow(made, field);
    return field;
  };
  size_ = new QComboBox;
  size_->setAccessibleName(tr("Size"));
  size_->setToolTip(tr("Edge of each picture; larger than the model's own is enlarged"));
  size_->addItem(tr("The model's own"), 0);
  for (const int px : {256, 512, 720, 1024, 2048}) size_->addItem(tr("%1 px").arg(px), px);
  columns_ = new QSpinBox;
  columns_->setRange(1, 32);
  columns_->setValue(4);
  columns_->setAccessibleName(tr("Columns"));
  rows_ = new QSpinBox;
  rows_->setRange(1, 32);
  rows_->setValue(4);
  rows_->setAccessibleName(tr("Rows"));
  first_seed_ = new QSpinBox;
  first_seed_->setRange(0, 2147483647);
  first_seed_->setAccessibleName(tr("First seed"));
  format_ = new QComboBox;
  format_->setAccessibleName(tr("Format"));
  format_->addItem(tr("MP4, plays everywhere"), static_cast<int>(FilmFormat::mp4));
  format_->addItem(tr("WebM, for the web"), static_cast<int>(FilmFormat::webm));
  format_->addItem(tr("GIF, 256 colours"), static_cast<int>(FilmFormat::gif));
  format_->addItem(tr("PNG sequence, lossless"), static_cast<int>(FilmFormat::png_sequence));
  tape_format_ = new QComboBox;
  tape_format_->setAccessibleName(tr("Form of the tape"));
  tape_format_->addItem(tr("Strip, one PNG picture"), static_cast<int>(TapeFormat::strip));
  tape_format_->addItem(tr("Film, MP4"), static_cast<int>(TapeFormat::mp4));
  tape_format_->addItem(tr("Film, WebM"), static_cast<int>(TapeFormat::webm));
  tape_format_->addItem(tr("Film, GIF"), static_cast<int>(TapeFormat::gif));
  steps_ = new QSpinBox;
  steps_->setRange(0, 1000);
  steps_->setValue(10);
  steps_->setSpecialValueText(tr("Every step"));
  steps_->setAccessibleName(tr("Steps"));
  steps_->setToolTip(tr("How many steps the strip shows, evenly from the noise to the picture"));
  seconds_ = new QDoubleSpinBox;
  seconds_->setRange(0.5, 120.0);
  seconds_->setValue(4.0);
  seconds_->setDecimals(1);
  seconds_->setSuffix(tr(" s"));
  seconds_->setAccessibleName(tr("Duration"));
  seconds_->setToolTip(tr("How long all steps take; the finished picture stays a second longer"));
  rate_ = new QComboBox;
  rate_->setAccessibleName(tr("Frames per second"));
  for (const double rate : {12.0, 15.0, 24.0, 25.0, 30.0, 50.0, 60.0}) rate_->addItem(tr("%1 frames/s").arg(rate), rate);
  quality_ = new ValueSlider;
  // Left is coarse and small, right fine and large; inside it is x264's number, which counts the other way.
  quality_->setRange(0.0, 1.0, 0.01);
  quality_->setNeutral(0.0);
  quality_->setValue(0.66);
  quality_->setAccessibleName(tr("Quality"));
  quality_->setToolTip(tr("More quality, larger file"));
  quality_value_ = makeLabel(QString(), "dim");
  quality_value_->setMinimumWidth(84);
  recipe_ = new QCheckBox(tr("Put the recipe into the file"));
  recipe_->setChecked(true);
  recipe_->setToolTip(tr("So that it can be dropped back for the same view, and verified. Off: nothing about the model is written."));
  out_ = new QLineEdit;
  out_->setAccessibleName(tr("Place"));
  auto* browse_button = makeIconButton(QStringLiteral("folder"), tr("Choose a place"));
  auto* place = new QWidget;
  auto* place_row = tight(new QHBoxLayout(place), 4);
  place_row->addWidget(out_, 1);
  place_row->addWidget(browse_button);
  auto* quality_box = new QWidget;
  auto* quality_line = tight(new QHBoxLayout(quality_box));
  quality_line->addWidget(quality_, 1);
  quality_line->addWidget(quality_value_);

  row(tr("Size"), size_);
  grid_row_ = row(tr("Grid"), beside({columns_, makeLabel(QStringLiteral("×"), "dim"), rows_}), columns_);
  seed_row_ = row(tr("First seed"), first_seed_);
  row(tr("Format"), format_);
  row(tr("Form"), tape_format_);
  row(tr("Steps"), steps_);
  row(tr("Duration"), seconds_);
  row(tr("Rate"), rate_);
  quality_row_ = row(tr("Quality"), quality_box, quality_);
  row(tr("Place"), place, out_);
  form_->addRow(QString(), recipe_);

  connect(size_, &QComboBox::activated, this, &ExportPanel::refresh);
  for (QSpinBox* spin : {columns_, rows_, first_seed_}) connect(spin, &QSpinBox::valueChanged, this, &ExportPanel::refresh);
  connect(format_, &QComboBox::activated, this, [this] {
    out_->setText(withSuffix(out_->text(), suffixOf(choices())));
    refresh();
  });
  connect(tape_format_, &QComboBox::activated, this, [this] {
    out_->setText(withSuffix(out_->text(), suffixOf(choices())));
    chooseWhat(what_->current());
  });
  connect(steps_, &QSpinBox::valueChanged, this, &ExportPanel::refresh);
  connect(seconds_, &QDoubleSpinBox::valueChanged, this, &ExportPanel::refresh);
  connect(rate_, &QComboBox::activated, this, &ExportPanel::refresh);
  connect(quality_, &ValueSlider::valueChanged, this, &ExportPanel::refresh);
  connect(recipe_, &QCheckBox::toggled, this, &ExportPanel::refresh);
  connect(out_, &QLineEdit::textEdited, this, [this] {
    place_is_ours_ = false;
    refresh();
  });
  connect(browse_button, &QToolButton::clicked, this, &ExportPanel::browse);
  return box;
}

void ExportPanel::setArguments(const QStringList& arguments) {
  const int what = arguments.isEmpty() ? what_->current() : static_cast<int>(whatNames().indexOf(arguments.front()));
  if (job_ == 0) {
    done_box_->hide();
    message_->clear();
    place_is_ours_ = true;
  }
  chooseWhat(what < 0 ? 0 : what);
}

void ExportPanel::chooseWhat(int index) {
  what_->setCurrent(index);
  const auto what = static_cast<ExportWhat>(index);
  const auto show = [this](QWidget* field, bool on) {
    if (QWidget* name = form_->labelForField(field)) name->setVisible(on);
    field->setVisible(on);
  };
  const bool film = what == ExportWhat::film, grid = what == ExportWhat::grid, model = what == ExportWhat::model;
  show(size_, !model);
  show(grid_row_, grid);
  show(seed_row_, grid);
  show(format_, film);
  const bool of_tape = what == ExportWhat::tape, strip = of_tape && tape_format_->currentData().toInt() == static_cast<int>(TapeFormat::strip);
  show(tape_format_, of_tape);
  show(steps_, strip);
  show(seconds_, of_tape && !strip);
  show(rate_, film || (of_tape && !strip));
  show(quality_row_, film || (of_tape && !strip));
  recipe_->setVisible(what == ExportWhat::picture || grid);
  if (film) {
    int at = rate_->findData(path().frames_per_s);
    rate_->setCurrentIndex(at < 0 ? rate_->findData(30.0) : at);
    if (size_->currentData().toInt() == 0) size_->setCurrentIndex(size_->findData(512));
  } else if (what == ExportWhat::picture) {
    size_->setCurrentIndex(0);
  }
  if (place_is_ours_) {
    suggestPlace();
  } else {
    out_->setText(withSuffix(out_->text(), suffixOf(choices())));
  }
  refresh();
}

void ExportPanel::suggestPlace() {
  const ModelInfo* model = session_.model();
  const QString name = fileNameFrom(model ? QString::fromStdString(model->name) : tr("export"));
  const char* kind = what_->current() == 1 ? "-grid" : what_->current() == 3 ? "-tape" : "";
  out_->setText(freePath(exportsFolder(), name + QLatin1String(kind), suffixOf(choices())));
  place_is_ours_ = true;
}

Timeline ExportPanel::path() const { return session_.playback().path(); }

const TapeInfo* ExportPanel::tape() const { return attached<TapeDesk>(session_).tape(); }

ExportChoices ExportPanel::choices() const {
  ExportChoices choices;
  choices.what = static_cast<ExportWhat>(what_->current());
  choices.size_px = size_->currentData().toInt();
  if (choices.what == ExportWhat::film && choices.size_px == 0) choices.size_px = session_.model() ? session_.model()->width_px : 512;
  choices.columns = columns_->value();
  choices.rows = rows_->value();
  choices.first_seed = first_seed_->value();
  choices.format = static_cast<FilmFormat>(format_->currentData().toInt());
  // 0 to 1 becomes 40 to 8 on x264's scale.
  choices.quality = static_cast<int>(std::lround(40.0 - 32.0 * quality_->value()));
  choices.frames_per_s = rate_->currentData().toDouble();
  choices.with_recipe = recipe_->isChecked();
  choices.out = out_->text().trimmed();
  choices.tape_format = static_cast<TapeFormat>(tape_format_->currentData().toInt());
  choices.steps = steps_->value();
  choices.seconds = seconds_->value();
  if (const TapeInfo* info = tape()) {
    choices.tape = info->id;
    for (const TapeRow row : attached<TapeDesk>(session_).rows()) {
      if (std::find(info->rows.begin(), info->rows.end(), row) != info->rows.end()) choices.tape_rows.push_back(row);
    }
    if (choices.tape_rows.empty()) choices.tape_rows.push_back(TapeRow::state);
  }
  return choices;
}

QString ExportPanel::whyNot() const {
  if (!session_.model()) return tr("There is no model in the view.");
  if (what_->current() == 2 && path().tracks.empty()) return tr("There is no path yet: set keys in the timeline, or store two positions with Shift+1 and Shift+2.");
  if (what_->current() == 3) {
    if (!tape()) return tr("There is no tape: this model paints in one step.");
    if (!tape()->complete) return tr("The tape is still being recorded.");
  }
  const QString place = out_->text().trimmed();
  if (place.isEmpty()) return tr("Name a place for the file.");
  if (what_->current() != 2 || choices().format != FilmFormat::png_sequence) {
    if (QFileInfo(place).isDir()) return tr("That place is a folder.");
  }
  return {};
}

QString ExportPanel::estimateText() const { return estimate_->text(); }

void ExportPanel::refresh() {
  const ExportChoices chosen = choices();
  const ModelInfo* model = session_.model();
  switch (chosen.what) {
    case ExportWhat::picture: about_->setText(tr("The view at hand. Drop the file back on the window to see it again.")); break;
    case ExportWhat::grid: about_->setText(tr("%1 seeds from %2 on, with the controls as they stand.").arg(chosen.columns * chosen.rows).arg(chosen.first_seed)); break;
    case ExportWhat::film: {
      const Timeline timeline = path();
      about_->setText(timeline.tracks.empty() ? whyNot() : tr("%1 s, %2 frames%3.").arg(formatNumber(timeline.duration_s, 1)).arg(frameCount(timeline.duration_s, chosen.frames_per_s)).arg(timeline.loop ? tr(", a loop") : QString()));
      break;
    }
    case ExportWhat::tape: {
      QStringList names;
      for (const TapeRow row : chosen.tape_rows) names << rowName(row);
      about_->setText(tape() ? tr("%1, %2 steps: %3. The rows are those that the Tape panel shows.").arg(QString::fromStdString(tape()->name)).arg(tape()->steps.size() - 1).arg(names.join(tr(", "))) : whyNot());
      break;
    }
    case ExportWhat::model: about_->setText(model ? tr("%1, with its system, configuration, step and SHA-256.").arg(QString::fromStdString(model->name)) : QString()); break;
  }
  quality_value_->setText(chosen.quality <= 14 ? tr("very high") : chosen.quality <= 20 ? tr("high") : chosen.quality <= 28 ? tr("medium") : tr("low"));
  const bool compressed = chosen.what == ExportWhat::tape ? chosen.tape_format != TapeFormat::gif : chosen.format == FilmFormat::mp4 || chosen.format == FilmFormat::webm;
  quality_row_->setEnabled(compressed);
  quality_row_->setToolTip(compressed ? QString() : tr("This format has no quality to choose."));
  estimate();
  const QString why = whyNot();
  export_->setEnabled(job_ == 0 && why.isEmpty());
  export_->setToolTip(why);
  cancel_->setText(job_ != 0 ? tr("Cancel the export") : tr("Close"));
  if (job_ == 0 && message_->property("role") != QLatin1String("danger")) {
    message_->setText(!why.isEmpty() ? why : QFileInfo::exists(chosen.out) ? tr("Replaces the file that is there.") : QString());
  }
  if (model) command_->setCommand(session_.commandFor(exportJob(chosen, chosen.what == ExportWhat::tape && tape() ? tape()->request : session_.request(), path())));
}

void ExportPanel::estimate() {
  const ExportChoices chosen = choices();
  const ModelInfo* model = session_.model();
  const auto& frame = session_.frame(session_.activeView());
  const QImage sample = frame ? imageOf(frame->image) : QImage();
  const int own = model && model->width_px > 0 ? model->width_px : 64;
  const int px = chosen.size_px > 0 ? chosen.size_px : own;
  qint64 bytes = 0;
  switch (chosen.what) {
    case ExportWhat::picture: bytes = estimatePicture(sample, px, 1); break;
    case ExportWhat::grid: bytes = estimatePicture(sample, px, chosen.columns * chosen.rows); break;
    case ExportWhat::film: bytes = estimateFilm(chosen.format, px, frameCount(path().duration_s, chosen.frames_per_s), chosen.quality, sample); break;
    case ExportWhat::tape: {
      const int cells = static_cast<int>(chosen.tape_rows.size()) * (chosen.steps > 0 ? chosen.steps : tape() ? static_cast<int>(tape()->steps.size()) : 0);
      bytes = chosen.tape_format == TapeFormat::strip ? estimatePicture(sample, px, cells) : estimateFilm(FilmFormat::mp4, px, frameCount(chosen.seconds + 1.0, chosen.frames_per_s), chosen.quality, sample);
      break;
    }
    case ExportWhat::model: bytes = model ? model->size_bytes : 0; break;
  }
  QString text = bytes > 0 ? tr("about %1").arg(formatBytes(bytes)) : QString();
  if (chosen.what == ExportWhat::grid) text = tr("%1 × %2 px, %3").arg(px * chosen.columns).arg(px * chosen.rows).arg(text);
  if (chosen.what == ExportWhat::film && frame && frame->render_ms > 0.0) {
    text += tr(", some %1 to render").arg(formatDuration(std::max(1.0, frame->render_ms * 1e-3 * frameCount(path().duration_s, chosen.frames_per_s))));
  }
  estimate_->setText(text);
}

void ExportPanel::browse() {
  const bool folder = suffixOf(choices()).isEmpty();
  auto* dialog = new QFileDialog(this, tr("Where to export to"), QFileInfo(out_->text()).absolutePath());
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setModal(false);
  dialog->setAcceptMode(folder ? QFileDialog::AcceptOpen : QFileDialog::AcceptSave);
  dialog->setFileMode(folder ? QFileDialog::Directory : QFileDialog::AnyFile);
  if (!folder) dialog->selectFile(QFileInfo(out_->text()).fileName());
  connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
    out_->setText(withSuffix(path, suffixOf(choices())));
    place_is_ours_ = false;
    refresh();
  });
  dialog->show();
}

void ExportPanel::start() {
  ExportChoices chosen = choices();
  if (!whyNot().isEmpty() || job_ != 0) return;
  chosen.out = QFileInfo(withSuffix(chosen.out, suffixOf(chosen))).absoluteFilePath();
  out_->setText(chosen.out);
  QDir().mkpath(QFileInfo(chosen.out).absolutePath());
  made_ = chosen.out;
  done_box_->hide();
  setRole(message_, "dim");
  progress_->setRange(0, 1000);
  progress_->setValue(0);
  progress_->show();
  job_ = session_.submit(exportJob(chosen, chosen.what == ExportWhat::tape && tape() ? tape()->request : session_.request(), path()));
  refresh();
  const auto status = session_.jobs().find(job_);
  if (status != session_.jobs().end()) takeJob(JobStatus(status->second));
}

void ExportPanel::takeJob(const JobStatus& status) {
  if (job_ == 0 || status.id != job_) return;
  progress_->setRange(0, status.fraction < 0.0 ? 0 : 1000);
  progress_->setValue(static_cast<int>(1000.0 * status.fraction));
  QString text = QString::fromStdString(status.message);
  if (status.eta_s) text += tr(", %1 left").arg(formatDuration(*status.eta_s));
  message_->setText(text);
  if (!status.finished()) return;
  job_ = 0;
  progress_->hide();
  message_->clear();
  if (status.state == JobState::done) {
    if (!status.result_path.empty()) made_ = QString::fromStdString(status.result_path);
    done_text_->setText(made_);
    done_box_->show();
    if (place_is_ours_) suggestPlace();
  } else if (status.error) {
    setRole(message_, "danger");
    message_->setText(QString::fromStdString(status.error->what_happened + " " + status.error->what_is_safe + " " + status.error->what_to_do));
  } else {
    message_->setText(tr("Cancelled. Nothing was kept."));
  }
  refresh();
}

}  // namespace orrery::ui
