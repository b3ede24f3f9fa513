#include "ui/data/import_form.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QDragEnterEvent>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QImageReader>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QPainter>
#include <QPainterPath>
#include <QPointer>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

#include "ui/data/fit_geometry.h"
#include "ui/project/user_folders.h"
#include "ui/style/colors.h"
#include "ui/train/command_box.h"
#include "ui/widgets/counted.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/section.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {
namespace {

constexpr int kSizes[] = {32, 64, 128, 256, 512};
constexpr int kPreviewPx = 512;  // the preview is made from a picture no larger than this

struct Loaded {
  QImage picture;
  QSize original_px;
};

Loaded loadForPreview(const QString& path) {
  QImageReader reader(path);
  reader.setAutoTransform(true);
  reader.setDecideFormatFromContent(true);
  QSize size = reader.size();
  if (!size.isValid() || qint64{size.width()} * size.height() > qint64{200} * 1000 * 1000) return {};
  if (std::max(size.width(), size.height()) > kPreviewPx) reader.setScaledSize(size.scaled(kPreviewPx, kPreviewPx, Qt::KeepAspectRatio).expandedTo({1, 1}));
  if (reader.transformation() & QImageIOHandler::TransformationRotate90) size.transpose();
  return {reader.read(), size};
}

}  // namespace

// ---- the preview ----

ImportPreview::ImportPreview(QWidget* parent) : QWidget(parent) {
  setAccessibleName(tr("What the network will see"));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ImportPreview::setPicture(const QImage& picture, const QSize& original_px) {
  picture_ = picture;
  original_px_ = original_px;
  note_.clear();
  setFit(size_px_, fit_);
}

void ImportPreview::setNote(const QString& note) {
  note_ = note;
  picture_ = {};
  update();
}

void ImportPreview::setFit(int size_px, Fit fit) {
  size_px_ = size_px;
  fit_ = fit;
  result_ = picture_.isNull() ? QImage() : fitted(picture_, size_px, fit);
  setAccessibleDescription(picture_.isNull() ? note_ : tr("%1 x %2 px becomes %3 x %3 px").arg(original_px_.width()).arg(original_px_.height()).arg(size_px));
  update();
}

void ImportPreview::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(palette());
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colors.field);
  painter.drawRoundedRect(rect(), 4, 4);
  painter.setPen(colors.dim);
  if (picture_.isNull()) {
    painter.drawText(rect().adjusted(16, 0, -16, 0), Qt::AlignCenter | Qt::TextWordWrap, note_);
    return;
  }
  const int side = height() - 40;
  const QRectF left(10, 8, (width() - 20) / 2.0 - 16, side);
  const QSizeF shown = QSizeF(picture_.size()).scaled(left.size(), Qt::KeepAspectRatio);
  const QRectF picture(left.center().x() - shown.width() / 2, left.center().y() - shown.height() / 2, shown.width(), shown.height());
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  painter.drawImage(picture, picture_);
  // What is left out is veiled; the frame is what stays.
  const QRectF used = fitGeometry(picture_.size(), size_px_, fit_).source;
  const double scale = shown.width() / picture_.width();
  const QRectF frame(picture.x() + used.x() * scale, picture.y() + used.y() * scale, used.width() * scale, used.height() * scale);
  QColor veil = colors.window;
  veil.setAlphaF(0.65F);
  QPainterPath outside;
  outside.addRect(picture);
  outside.addRect(frame);
  outside.setFillRule(Qt::OddEvenFill);
  painter.fillPath(outside, veil);
  painter.setPen(QPen(palette().color(QPalette::Highlight), 1.5));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(frame);
  painter.setPen(colors.dim);
  painter.drawText(QRectF(left.x(), height() - 26, left.width(), 20), Qt::AlignCenter, QStringLiteral("%1 × %2").arg(original_px_.width()).arg(original_px_.height()));

  const double middle = width() / 2.0;
  painter.drawLine(QPointF(middle - 10, left.center().y()), QPointF(middle + 10, left.center().y()));
  painter.drawPolyline(QPolygonF{QPointF(middle + 5, left.center().y() - 4), QPointF(middle + 10, left.center().y()), QPointF(middle + 5, left.center().y() + 4)});

  const QRectF right(width() - 10 - left.width(), 8, left.width(), side);
  // Whole multiples keep pixels square; large results are reduced.
  const double zoom = size_px_ <= side ? std::max(1.0, std::floor(side / static_cast<double>(size_px_))) : side / static_cast<double>(size_px_);
  const double px = size_px_ * zoom;
  painter.setRenderHint(QPainter::SmoothPixmapTransform, zoom < 1.0);
  painter.drawImage(QRectF(right.center().x() - px / 2, right.center().y() - px / 2, px, px), result_);
  painter.drawText(QRectF(right.x(), height() - 26, right.width(), 20), Qt::AlignCenter, QStringLiteral("%1 × %1").arg(size_px_));
}

// ---- the form ----

ImportForm::ImportForm(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  setAcceptDrops(true);
  where_ = new ElidedLabel(QString(), nullptr, Qt::ElideMiddle);
  where_->setProperty("role", "dim");

  drop_ = new QWidget;
  auto* drop_column = tight(new QVBoxLayout(drop_), 12);
  auto* empty = new EmptyState(QStringLiteral("drop"), tr("Drop a folder, pictures, a film, a zip or a font here."), tr("Choose a folder..."));
  auto* files = makeButton(tr("Choose files..."), "flat");
  drop_column->addWidget(empty, 1);
  drop_column->addWidget(files, 0, Qt::AlignHCenter);

  counts_ = makeLabel(QString(), "heading");
  counts_->setAccessibleName(tr("What was found"));
  details_ = makeWrappedLabel(QString(), "dim");
  preview_ = new ImportPreview;
  size_ = new QComboBox;
  size_->setAccessibleName(tr("Size"));
  size_->setToolTip(tr("Edge of the square that the network learns. 64 px trains on a processor; 256 px and more want a graphics card."));
  for (const int px : kSizes) size_->addItem(tr("%1 px").arg(px), px);
  size_->setCurrentIndex(1);
  fit_ = new Segmented(Segmented::Look::pills);
  fit_->setAccessibleName(tr("Fit"));
  fit_->setItems({tr("Crop"), tr("Pad"), tr("Stretch")}, {tr("The largest square from the middle"), tr("The whole picture on white"), tr("The whole picture, squeezed into the square")});
  fit_note_ = makeLabel(QString(), "small");
  classes_ = new QComboBox;
  classes_->setAccessibleName(tr("Classes"));
  classes_->setToolTip(tr("Where the classes of a conditional model come from"));
  classes_->addItem(tr("none"), static_cast<int>(ClassSource::none));
  classes_->addItem(tr("the folders"), static_cast<int>(ClassSource::folders));
  classes_->addItem(tr("the label file"), static_cast<int>(ClassSource::file));
  film_rate_ = new QDoubleSpinBox;
  film_rate_->setRange(0.05, 60.0);
  film_rate_->setValue(2.0);
  film_rate_->setDecimals(2);
  film_rate_->setSuffix(tr(" per second"));
  film_rate_->setAccessibleName(tr("Frames of films"));
  film_rate_->setToolTip(tr("How many frames of each second of a film become pictures"));
  name_ = new QLineEdit;
  name_->setAccessibleName(tr("Name of the data set"));

  auto* form = new QFormLayout;
  form->setContentsMargins(0, 0, 0, 0);
  form->setHorizontalSpacing(12);
  form->setVerticalSpacing(8);
  const auto row = [form](const QString& text, QWidget* field) {
    QLabel* made = makeLabel(text, "dim");
    made->setBuddy(field);
    form->addRow(made, field);
    return made;
  };
  row(tr("Size"), size_);
  row(tr("Fit"), fit_);
  row(tr("Classes"), classes_);
  film_label_ = row(tr("Films"), film_rate_);
  row(tr("Name"), name_);
  command_ = new CommandBox;
  auto* as_command = new Section(tr("The same as a command"), QStringLiteral("import_command"));
  as_command->addWidget(command_);
  body_ = new QWidget;
  auto* column = tight(new QVBoxLayout(body_), 12);
  column->addWidget(counts_);
  column->addWidget(details_);
  column->addWidget(preview_);
  as_points_ = makeButton(tr("Take it as points in the plane instead"), "link");
  as_points_->setToolTip(tr("Dark strokes on plain paper become a cloud of points: data for a small model that trains in a minute"));
  column->addWidget(as_points_, 0, Qt::AlignLeft);
  column->addLayout(form);
  column->addWidget(as_command);
  column->addStretch(1);

  auto* content = new QWidget;
  auto* inner = new QVBoxLayout(content);
  inner->setContentsMargins(0, 0, 8, 8);
  inner->setSpacing(10);
  inner->addWidget(where_);
  inner->addWidget(drop_, 1);
  inner->addWidget(body_, 1);
  auto* scroll = new QScrollArea;
  scroll->setWidget(content);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);

  progress_ = new QProgressBar;
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setAccessibleName(tr("Progress of the import"));
  progress_->hide();
  message_ = makeWrappedLabel(QString(), "dim");
  import_ = withTip(makeButton(tr("Import"), "primary"), tr("Starts the import (Enter)"));
  import_->setObjectName(QStringLiteral("import"));
  cancel_ = makeButton(tr("Cancel"));
  auto* foot = new QHBoxLayout;
  foot->setContentsMargins(0, 8, 8, 4);
  foot->setSpacing(8);
  foot->addWidget(message_, 1);
  foot->addWidget(cancel_);
  foot->addWidget(import_);
  auto* whole = tight(new QVBoxLayout(this), 0);
  whole->addWidget(scroll, 1);
  whole->addWidget(progress_);
  whole->addLayout(foot);

  connect(empty, &EmptyState::clicked, this, [this] { choose(true); });
  connect(files, &QPushButton::clicked, this, [this] { choose(false); });
  connect(size_, &QComboBox::activated, this, &ImportForm::refresh);
  connect(fit_, &Segmented::chosen, this, &ImportForm::refresh);
  connect(classes_, &QComboBox::activated, this, [this] {
    classes_are_ours_ = false;
    refresh();
  });
  connect(film_rate_, &QDoubleSpinBox::valueChanged, this, &ImportForm::refresh);
  connect(name_, &QLineEdit::textEdited, this, [this] {
    name_is_ours_ = false;
    refresh();
  });
  connect(import_, &QPushButton::clicked, this, &ImportForm::start);
  connect(cancel_, &QPushButton::clicked, this, [this] {
    if (job_ != 0) {
      session_.say(job_, JobVerb::cancel);
    } else {
      session_.closeSheet();
    }
  });
  connect(as_points_, &QPushButton::clicked, this, [this] {
    const QString data = QStringLiteral("points:") + sources_.front();
    setSources({});
    session_.closeSheet();
    Q_EMIT session_.datasetOpened(data);
    session_.openSheet(QStringLiteral("new-run"), {QStringLiteral("data=") + data});
  });
  connect(&session, &Session::jobChanged, this, &ImportForm::takeJob);
  setSources({});
}

ImportForm::~ImportForm() {
  if (stop_) *stop_ = true;
}

void ImportForm::setArguments(const QStringList& arguments) {
  if (job_ != 0) return;  // one import at a time has this form; what it says stays
  setSources(arguments);
}

void ImportForm::setSources(const QStringList& sources) {
  sources_ = sources;
  count_ = {};
  previewed_.clear();
  name_is_ours_ = classes_are_ours_ = true;
  message_->clear();
  drop_->setVisible(sources.isEmpty());
  body_->setVisible(!sources.isEmpty());
  import_->setVisible(!sources.isEmpty());
  setFocusProxy(sources.isEmpty() ? nullptr : import_);
  where_->setText(sources.size() == 1 ? sources.front() : sources.isEmpty() ? QString() : counted(sources.size(), tr("1 place"), tr("%1 places")));
  where_->setVisible(!sources.isEmpty());
  name_->setText(sources.isEmpty() ? QString() : fileNameFrom(QFileInfo(sources.front()).completeBaseName()));
  preview_->setNote(tr("Looking for a picture..."));
  if (stop_) *stop_ = true;
  if (!sources.isEmpty()) scan();
  refresh();
}

void ImportForm::choose(bool folders) {
  auto* dialog = new QFileDialog(this, folders ? tr("Folder of pictures") : tr("Pictures, films, zips, fonts"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setModal(false);
  dialog->setFileMode(folders ? QFileDialog::Directory : QFileDialog::ExistingFiles);
  connect(dialog, &QFileDialog::filesSelected, this, &ImportForm::setArguments);
  dialog->show();
}

// Counts on a worker thread and shows the newest count at most every 40 ms.
void ImportForm::scan() {
  auto stop = stop_ = std::make_shared<std::atomic<bool>>(false);
  const int scan = ++scans_;
  const QStringList sources = sources_;
  QPointer<ImportForm> guard(this);
  Session* session = &session_;
  session_.background<SourceCount>(
      this,
      [sources, stop, scan, guard, session] {
        SourceCount last;
        scanSources(sources, *stop, [&](const SourceCount& count) {
          last = count;
          // Posted to the Session, which outlives the worker; the form is looked at in the GUI thread only.
          QMetaObject::invokeMethod(session, [guard, count, scan] { if (guard && guard->scans_ == scan) guard->take(count); }, Qt::QueuedConnection);
        });
        return last;
      },
      [this, scan](SourceCount count) {
        if (scan == scans_) take(count);
      });
}

void ImportForm::take(const SourceCount& count) {
  count_ = count;
  if (classes_are_ours_) {
    const auto source = count.has_label_file ? ClassSource::file : count.classes() > 0 ? ClassSource::folders : ClassSource::none;
    classes_->setCurrentIndex(classes_->findData(static_cast<int>(source)));
  }
  loadPreview();
  refresh();
}

void ImportForm::loadPreview() {
  const QString path = QFile::decodeName(QByteArray::fromStdString(count_.first_picture));
  if (path.isEmpty()) {
    if (!count_.done) return;
    if (count_.films > 0) return preview_->setNote(tr("Frames of the film become pictures when it is imported."));
    if (count_.fonts > 0) return preview_->setNote(tr("Each letter and digit of the font becomes a picture; the letter is its class."));
    if (count_.archives > 0) return preview_->setNote(tr("What lies in the archive is seen when it is imported."));
    return preview_->setNote(tr("There is no picture here."));
  }
  if (path == previewed_) return;
  previewed_ = path;
  session_.background<Loaded>(
      this, [path] { return loadForPreview(path); },
      [this, path](Loaded loaded) {
        if (path != previewed_) return;
        if (loaded.picture.isNull()) {
          preview_->setNote(tr("%1 has no preview; the import may read it all the same.").arg(QFileInfo(path).fileName()));
        } else {
          preview_->setPicture(loaded.picture, loaded.original_px);
        }
      });
}

void ImportForm::refresh() {
  QStringList found;
  if (count_.pictures > 0 || count_.usable() == 0) found << counted(count_.pictures, tr("1 picture"), tr("%1 pictures"));
  if (count_.films > 0) found << counted(count_.films, tr("1 film"), tr("%1 films"));
  if (count_.archives > 0) found << counted(count_.archives, tr("1 archive"), tr("%1 archives"));
  if (count_.fonts > 0) found << counted(count_.fonts, tr("1 font"), tr("%1 fonts"));
  counts_->setText(count_.usable() == 0 && !count_.done ? tr("Looking...") : found.join(QStringLiteral(", ")));
  QStringList more;
  if (count_.bytes > 0) more << formatBytes(count_.bytes);
  if (count_.classes() > 0) more << counted(count_.classes(), tr("1 sub-folder"), tr("%1 sub-folders"));
  if (count_.others > 0) more << counted(count_.others, tr("1 other file is left out"), tr("%1 other files are left out"));
  if (count_.unreadable > 0) more << counted(count_.unreadable, tr("1 folder may not be read"), tr("%1 folders may not be read"));
  if (!count_.done && count_.usable() > 0) more << tr("still counting");
  details_->setText(more.join(QStringLiteral(", ")));
  const bool films = count_.films > 0 || count_.archives > 0;
  as_points_->setVisible(job_ == 0 && sources_.size() == 1 && count_.pictures == 1 && count_.usable() == 1 && QFileInfo(sources_.front()).isFile());
  film_label_->setVisible(films);
  film_rate_->setVisible(films);
  preview_->setFit(size_->currentData().toInt(), static_cast<Fit>(fit_->current()));
  const bool may = job_ == 0 && !sources_.isEmpty() && (count_.usable() > 0 || !count_.done) && !name_->text().trimmed().isEmpty();
  import_->setEnabled(may);
  cancel_->setText(job_ != 0 ? tr("Cancel the import") : tr("Cancel"));
  if (job_ == 0) {
    if (!sources_.isEmpty() && count_.done && count_.usable() == 0) {
      message_->setText(tr("Nothing here can become a picture. Choose another folder."));
    } else if (message_->property("role") != QLatin1String("danger")) {
      message_->clear();
    }
  }
  if (!sources_.isEmpty()) command_->setCommand(session_.commandFor(ImportJob{options()}));
}

ImportOptions ImportForm::options() const {
  ImportOptions options;
  for (const auto& source : sources_) options.sources.push_back(QFile::encodeName(source).toStdString());
  options.out = freePath(storesFolder(), fileNameFrom(name_->text()), QStringLiteral(".zip")).toStdString();
  options.size_px = size_->currentData().toInt();
  options.fit = static_cast<Fit>(fit_->current());
  options.classes = static_cast<ClassSource>(classes_->currentData().toInt());
  options.film_frames_per_s = film_rate_->value();
  return options;
}

void ImportForm::start() {
  if (!import_->isEnabled()) return;
  QDir().mkpath(storesFolder());
  progress_->setValue(0);
  progress_->show();
  setRole(message_, "dim");
  job_ = session_.submit(ImportJob{options()});
  for (QWidget* field : std::initializer_list<QWidget*>{size_, fit_, classes_, film_rate_, name_}) field->setEnabled(false);
  refresh();
  const auto status = session_.jobs().find(job_);
  if (status != session_.jobs().end()) takeJob(JobStatus(status->second));
}

void ImportForm::takeJob(const JobStatus& status) {
  if (job_ == 0 || status.id != job_) return;
  progress_->setRange(0, status.fraction < 0.0 ? 0 : 1000);
  progress_->setValue(static_cast<int>(1000.0 * status.fraction));
  QString text = QString::fromStdString(status.message);
  if (status.eta_s) text += tr(", %1 left").arg(formatDuration(*status.eta_s));
  message_->setText(text);
  if (!status.finished()) return;
  job_ = 0;
  progress_->hide();
  for (QWidget* field : std::initializer_list<QWidget*>{size_, fit_, classes_, film_rate_, name_}) field->setEnabled(true);
  if (status.state == JobState::done) {
    message_->clear();
    session_.closeSheet();
    session_.openWorkspace(QStringLiteral("data"));
    setSources({});
    return;
  }
  if (status.error) {
    setRole(message_, "danger");
    message_->setText(QString::fromStdString(status.error->what_happened + " " + status.error->what_is_safe + " " + status.error->what_to_do));
  } else {
    message_->setText(tr("Cancelled. Nothing was kept."));
  }
  refresh();
}

void ImportForm::keyPressEvent(QKeyEvent* event) {
  if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && import_->isEnabled() && import_->isVisible()) return start();
  QWidget::keyPressEvent(event);
}

void ImportForm::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void ImportForm::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const QUrl& url : event->mimeData()->urls()) {
    if (url.isLocalFile()) paths << url.toLocalFile();
  }
  if (paths.isEmpty()) return;
  event->acceptProposedAction();
  setArguments(paths);
}

}  // namespace orrery::ui
