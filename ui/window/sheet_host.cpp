#include "ui/window/sheet_host.h"

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMetaMethod>
#include <QPainter>
#include <QPropertyAnimation>
#include <QToolButton>
#include <QVBoxLayout>
#include <QWindow>

#include "ui/style/colors.h"
#include "ui/style/theme.h"
#include "ui/widgets/labels.h"

namespace orrery::ui {

SheetHost::SheetHost(Session& session, QWidget* over) : QFrame(over->window()), session_(session), over_(over) {
  // The stage is a native window in the top-level one; what shall lie over it must be the same kind of child.
  setAttribute(Qt::WA_DontCreateNativeAncestors);
  setAttribute(Qt::WA_NativeWindow);
  column_ = new QVBoxLayout(this);
  column_->setContentsMargins(17, 8, 8, 8);
  column_->setSpacing(8);
  auto* head = new QHBoxLayout;
  title_ = makeLabel({}, "heading");
  head->addWidget(title_, 1);
  auto* close = makeIconButton(QStringLiteral("close"), tr("Close"), Qt::Key_Escape, this);
  head->addWidget(close);
  column_->addLayout(head);
  connect(close, &QToolButton::clicked, this, &SheetHost::close);
  motion_ = new QPropertyAnimation(this, "geometry", this);
  connect(motion_, &QPropertyAnimation::finished, this, [this] {
    if (!open_) hide();
  });
  over_->installEventFilter(this);
  window()->installEventFilter(this);
  hide();
}

QRect SheetHost::place(bool in) const {
  const int width_px = std::min(width_px_, std::max(240, over_->width() - 40));
  const QPoint corner = over_->mapTo(window(), QPoint(0, 0));
  // Slides within the stage: what is right of it stays free.
  return in ? QRect(corner.x() + over_->width() - width_px, corner.y(), width_px, over_->height())
            : QRect(corner.x() + over_->width() - 1, corner.y(), 1, over_->height());
}

QWidget* SheetHost::sheet(const QString& id) const {
  const auto found = sheets_.find(id);
  return found == sheets_.end() ? nullptr : found->second;
}

void SheetHost::open(const PanelSpec& spec, const QStringList& arguments) {
  if (!sheets_.contains(spec.id)) {
    QWidget* made = spec.factory(session_);
    made->setParent(this);
    column_->addWidget(made, 1);
    sheets_[spec.id] = made;
  }
  for (const auto& [id, widget] : sheets_) widget->setVisible(id == spec.id);
  QWidget* shown = sheets_[spec.id];
  if (shown->metaObject()->indexOfMethod("setArguments(QStringList)") >= 0)
    QMetaObject::invokeMethod(shown, "setArguments", Qt::DirectConnection, Q_ARG(QStringList, arguments));
  current_ = spec.id;
  width_px_ = spec.size_px > 0 ? spec.size_px : 420;
  title_->setText(QCoreApplication::translate("Panels", spec.title));
  setAccessibleName(title_->text());
  slide(true);
  // Enter shall do what the sheet is for: the keyboard goes there.
  QWidget* first = shown->focusProxy();
  // A button that cannot be pressed yet takes no focus, and the keys would go to the stage: then the sheet itself has it.
  if (!first || !first->isEnabled()) {
    shown->setFocusProxy(nullptr);
    if (shown->focusPolicy() == Qt::NoFocus) shown->setFocusPolicy(Qt::StrongFocus);
    shown->setFocus(Qt::OtherFocusReason);
    shown->setFocusProxy(first);
  } else {
    first->setFocus(Qt::OtherFocusReason);
  }
}

void SheetHost::close() {
  if (open_) slide(false);
}

void SheetHost::slide(bool in) {
  const bool was = open_;
  open_ = in;
  motion_->stop();
  if (in && was) return setGeometry(place(true));
  if (in) {
    setGeometry(place(false));
    show();
    raise();
    // QWidget::raise does nothing for a last child; the native windows have an order of their own.
    if (windowHandle()) windowHandle()->raise();
  }
  if (motionMs() == 0) {
    setGeometry(place(in));
    setVisible(in);
    return;
  }
  motion_->setDuration(motionMs());
  motion_->setEasingCurve(in ? QEasingCurve::OutCubic : QEasingCurve::InCubic);
  motion_->setStartValue(geometry());
  motion_->setEndValue(place(in));
  motion_->start();
}

bool SheetHost::eventFilter(QObject* watched, QEvent* event) {
  // Whenever the window comes to the front, Qt lifts the stage's native window with it, over everything.
  if (open_ && watched == window() && (event->type() == QEvent::ZOrderChange || event->type() == QEvent::WindowActivate) && windowHandle())
    windowHandle()->raise();
  if (watched == over_ && event->type() == QEvent::Resize && open_ && motion_->state() != QAbstractAnimation::Running)
    setGeometry(place(true));
  return QFrame::eventFilter(watched, event);
}

void SheetHost::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) return close();
  QFrame::keyPressEvent(event);
}

void SheetHost::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Colors& colors = colorsOf(palette());
  painter.fillRect(rect(), colors.panel);
  painter.fillRect(QRect(0, 0, 1, height()), colors.line);
}

}  // namespace orrery::ui
