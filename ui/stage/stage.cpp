#include "ui/stage/stage.h"

#include <QApplication>
#include <QClipboard>
#include <QCursor>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMenu>
#include <QMimeData>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/project/attached.h"
#include "ui/session/playback.h"
#include "ui/space/race_view.h"
#include "ui/space/space_view.h"
#include "ui/stage/clipboard.h"
#include "ui/stage/grid_feeder.h"
#include "ui/stage/snapshot_bar.h"
#include "ui/stage/spectrum_feeder.h"
#include "ui/stage/stage_strip.h"
#include "ui/stage/surface.h"
#include "ui/style/icons.h"
#include "ui/tape/tape_desk.h"
#include "ui/tokens/token_desk.h"
#include "ui/widgets/picture.h"

namespace orrery::ui {

Stage::Stage(Session& session, QWidget* parent)
    : QWidget(parent), session_(session), core_(new StageCore(session, this)), grid_(new GridFeeder(session, *core_)), spectrum_(new SpectrumFeeder(session, this)) {
  setAccessibleName(tr("Stage"));
  column_ = new QVBoxLayout(this);
  column_->setContentsMargins(0, 0, 0, 0);
  column_->setSpacing(0);
  space_ = new SpaceStage(session_, this);
  race_ = new RaceView(session_, space_->feed(), this);
  for (QWidget* whole : {static_cast<QWidget*>(space_), static_cast<QWidget*>(race_)}) {
    whole->hide();
    column_->addWidget(whole, 1);
  }
  column_->addWidget(new SnapshotBar(session_, this));
  strip_ = new StageStrip(session_, *core_, this);
  column_->addWidget(strip_);

  QString why;
  if (openGlWorks(&why)) {
    useSurface(makeGlSurface(*core_));
  } else {
    useSurface(makeSoftSurface(*core_, tr("Software viewer: %1").arg(why)));
  }
  auto& tape = attached<TapeDesk>(session_);
  const auto showFrame = [this](int view) {
    const auto& frame = session_.frame(view);
    if (!frame) return;
    core_->setPictureSize(view, {frame->image.width_px, frame->image.height_px});
    surface_->setPicture(view, frame->image);
  };
  connect(&tape, &TapeDesk::stepShown, this, [this](int view, const DeviceImage& image) {
    core_->setPictureSize(view, {image.width_px, image.height_px});
    surface_->setPicture(view, image);
  });
  connect(&tape, &TapeDesk::wentLive, this, showFrame);
  connect(&session_, &Session::frameArrived, this, [this, &tape](int view, const Frame& frame) {
    if (tape.scrubbing(view)) return;  // a step is looked at; the newest picture is shown when that ends
    core_->setPictureSize(view, {frame.image.width_px, frame.image.height_px});
    surface_->setPicture(view, frame.image);
  });
  connect(grid_, &GridFeeder::pictureArrived, this, [this](int cell, const DeviceImage& image) {
    const int slot = StageCore::kGridSlots + cell;
    grid_pictures_[slot] = image;
    core_->setPictureSize(slot, {image.width_px, image.height_px});
    surface_->setPicture(slot, image);
  });
  connect(spectrum_, &SpectrumFeeder::spectrumArrived, this, [this](int view, const DeviceImage& image) {
    const int slot = StageCore::kSpectrumSlots + view;
    grid_pictures_[slot] = image;
    core_->setPictureSize(slot, {image.width_px, image.height_px});
    surface_->setPicture(slot, image);
  });
  auto& tokens = attached<TokenDesk>(session_);
  connect(&tokens, &TokenDesk::codebookChanged, this, [this, &tokens] {
    const DeviceImage& atlas = tokens.codebook()->atlas;
    grid_pictures_[StageCore::kAtlasSlot] = atlas;
    surface_->setPicture(StageCore::kAtlasSlot, atlas);
  });
  for (const auto signal : {&TokenDesk::changed, &TokenDesk::hoverChanged, &TokenDesk::pinsChanged, &TokenDesk::lookChanged}) connect(&tokens, signal, core_, &StageCore::redrawNeeded);
  connect(core_, &StageCore::redrawNeeded, this, [this] { surface_->redraw(); });
  connect(core_, &StageCore::gridCellChosen, this, [this](int cell) {
    const Request request = grid_->requestOf(cell);
    session_.setRequest(request, tr("Choose a seed"));
  });
  connect(core_, &StageCore::contextMenuWanted, this, [this] {
    QMenu menu(this);
    fillMenu(menu);
    menu.exec(QCursor::pos());
  });
  connect(&session_, &Session::acted, this, [this] { core_->setHint({}); });
  connect(&session_, &Session::viewsChanged, this, &Stage::showMode);
  connect(&session_, &Session::viewModelChanged, this, &Stage::followModel);
  connect(&session_, &Session::viewsChanged, this, &Stage::followModel);
}

Stage::~Stage() = default;

void Stage::useSurface(std::unique_ptr<Surface> surface) {
  if (surface_) {
    column_->removeWidget(surface_->widget());
    surface_->widget()->deleteLater();
  }
  surface_ = std::move(surface);
  core_->setPadDrawnByImGui(surface_->isOpenGl());
  column_->insertWidget(0, surface_->widget(), 1);
  if (session_.stageMode() == StageMode::space || session_.stageMode() == StageMode::race) surface_->widget()->hide();
  surface_->widget()->setAccessibleName(tr("Picture"));
  surface_->widget()->setAccessibleDescription(
      tr("Drag to walk in latent space, turn the wheel to zoom. The Walk control in the Controls panel does the same by numbers."));
  connect(surface_.get(), &Surface::failed, this, [this](const QString& why) {
    useSurface(makeSoftSurface(*core_, tr("Software viewer: OpenGL failed.")));
    feed();
    Q_EMIT softwareViewerUsed(why);
  });
}

void Stage::feed() {
  for (int view = 0; view < session_.viewCount(); ++view) {
    const DeviceImage* step = attached<TapeDesk>(session_).stepImage(view);
    if (const auto& frame = session_.frame(view)) surface_->setPicture(view, step ? *step : frame->image);
  }
  for (const auto& [slot, image] : grid_pictures_) surface_->setPicture(slot, image);
}

QString Stage::surfaceDescription() const { return surface_->description(); }
QWidget* Stage::view() const { return surface_->widget(); }

void Stage::showMode() {
  const StageMode mode = session_.stageMode();
  const bool had_focus = isAncestorOf(QApplication::focusWidget()) || surface_->widget()->hasFocus();
  surface_->widget()->setVisible(mode != StageMode::space && mode != StageMode::race);
  space_->setVisible(mode == StageMode::space);
  race_->setVisible(mode == StageMode::race);
  if (!had_focus) return;
  if (mode == StageMode::space) space_->plane().setFocus();
  else if (mode != StageMode::race) surface_->widget()->setFocus();
}

void Stage::followModel() {
  const ModelInfo* model = session_.model();
  if (!model || std::exchange(model_, model->id) == model->id) return;
  if (model->in_the_plane && session_.stageMode() == StageMode::pictures) session_.setStageMode(StageMode::space);
  if (!model->in_the_plane && session_.stageMode() == StageMode::space) session_.setStageMode(StageMode::pictures);
}

QImage Stage::grabStage() { return surface_->grab(); }
bool Stage::handleKey(const QKeyEvent& event) {
  if (session_.stageMode() == StageMode::space && space_->handleKey(event)) return true;
  if (session_.stageMode() == StageMode::race) {
    if (race_->handleKey(event)) return true;
    const ModelInfo* model = session_.model();
    if (model && model->in_the_plane && (event.key() == Qt::Key_Escape || event.key() == Qt::Key_C) && !(event.modifiers() & Qt::ControlModifier))
      return session_.setStageMode(StageMode::space), true;  // where it was
  }
  return core_->key(event);
}

void Stage::copyPicture() {
  const auto& frame = session_.frame(session_.activeView());
  if (!frame) return;
  if (const DeviceImage* step = attached<TapeDesk>(session_).stepImage(session_.activeView())) {
    QGuiApplication::clipboard()->setImage(imageOf(*step).copy());
    return session_.say(tr("Copied this step of the tape. Only finished pictures carry a recipe."));
  }
  const QImage picture = imageOf(frame->image);
  if (picture.isNull()) return session_.say(tr("The picture lies on the GPU; export it instead."));
  const ModelInfo* model = session_.findModel(frame->request.model);
  QGuiApplication::clipboard()->setMimeData(pictureMime(picture.copy(), *frame, model ? *model : ModelInfo()));
  session_.say(tr("Copied the picture with its recipe."));
}

bool Stage::paste(const QMimeData& mime) {
  if (mime.hasFormat(QLatin1String(kRequestMime))) {
    const auto request = request_from_json(mime.data(QLatin1String(kRequestMime)).toStdString());
    if (!request) return session_.report(request.error()), true;
    session_.setRequest(request.value(), tr("Paste"));
    return true;
  }
  QStringList paths;
  for (const QUrl& url : mime.urls()) {
    if (url.isLocalFile()) paths << url.toLocalFile();
  }
  if (paths.isEmpty()) return false;
  session_.openPaths(paths);
  return true;
}

void Stage::fillMenu(QMenu& menu) {
  const auto add = [&](const char* icon_name, const QString& text, const QKeySequence& keys, auto action) {
    QAction* entry = menu.addAction(icon(QLatin1String(icon_name)), text, this, action);
    entry->setShortcut(keys);
    entry->setShortcutVisibleInContextMenu(true);
    return entry;
  };
  const auto check = [&](const char* icon_name, const QString& text, const QKeySequence& keys, bool on, auto action) {
    QAction* entry = add(icon_name, text, keys, action);
    entry->setCheckable(true);
    entry->setChecked(on);
  };
  add("copy", tr("Copy picture"), QKeySequence::Copy, [this] { copyPicture(); });
  add("export", tr("Export..."), QKeySequence(tr("Ctrl+E")), [this] { Q_EMIT exportWanted(); });
  menu.addSeparator();
  add("dice", tr("Random seed"), Qt::Key_R, [this] { session_.randomise(); });
  menu.addSeparator();
  add("fit", tr("Fit"), Qt::Key_F, [this] { core_->fit(); });
  add("one-to-one", tr("One to one"), Qt::Key_Z, [this] { core_->oneToOne(); });
  check("smooth", tr("Smooth pixels"), Qt::Key_S, core_->smooth(), [this] { core_->setSmooth(!core_->smooth()); });
  check("hud", tr("Show seed and time"), Qt::Key_H, core_->hud(), [this] { core_->setHud(!core_->hud()); });
  check("zoom-in", tr("Lens"), Qt::Key_L, core_->lens(), [this] { core_->setLens(!core_->lens()); });
  if (core_->brush().possible()) check("brush", tr("Paint a mask"), Qt::Key_B, session_.brush(), [this] { session_.setBrush(!session_.brush()); });
  if (auto& tokens = attached<TokenDesk>(session_); tokens.possible()) {
    check("tokens", tr("Work on tokens"), Qt::Key_T, tokens.on(), [this, &tokens] { tokens.setOn(!tokens.on()); });
    if (tokens.on()) {
      add("pin", tr("Pin all tokens"), Qt::Key_A, [&tokens] { tokens.pinAll(); });
      add("trash", tr("Let all tokens go"), Qt::Key_N, [&tokens] { tokens.freeAll(); });
    }
  }
  menu.addSeparator();
  const StageMode mode = session_.stageMode();
  check("data", tr("Grid of seeds"), Qt::Key_G, mode == StageMode::grid,
        [this] { session_.setStageMode(session_.stageMode() == StageMode::grid ? StageMode::pictures : StageMode::grid); });
  check("wipe", tr("Wipe A and B"), Qt::Key_W, mode == StageMode::wipe,
        [this] { session_.setStageMode(session_.stageMode() == StageMode::wipe ? StageMode::pictures : StageMode::wipe); });
  check("difference", tr("Difference of A and B"), Qt::Key_D, mode == StageMode::difference,
        [this] { session_.setStageMode(session_.stageMode() == StageMode::difference ? StageMode::pictures : StageMode::difference); });
  check("space", tr("Plane of points"), Qt::Key_X, mode == StageMode::space,
        [this] { session_.setStageMode(session_.stageMode() == StageMode::space ? StageMode::pictures : StageMode::space); });
  check("race", tr("Race of samplers"), Qt::Key_C, mode == StageMode::race,
        [this] { session_.setStageMode(session_.stageMode() == StageMode::race ? StageMode::pictures : StageMode::race); });
  check("spectrum", tr("Spectrum"), Qt::Key_P, mode == StageMode::spectrum,
        [this] { session_.setStageMode(session_.stageMode() == StageMode::spectrum ? StageMode::pictures : StageMode::spectrum); });
}

void Stage::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange && surface_) surface_->redraw();
  QWidget::changeEvent(event);
}

}  // namespace orrery::ui
