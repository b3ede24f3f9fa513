#include "ui/window/dock.h"

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>

#include "ui/style/colors.h"
#include "ui/widgets/labels.h"

namespace orrery::ui {
namespace {

class DockTitle : public QWidget {
 public:
  DockTitle(const QString& text, QDockWidget* dock) : QWidget(dock) {
    setFixedHeight(30);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 0, 6, 0);
    row->setSpacing(2);
    row->addWidget(makeLabel(text, "small"), 1);
    auto* float_button = makeIconButton(QStringLiteral("float"), DockTitle::tr("Float or dock"), {}, this);
    auto* close_button = makeIconButton(QStringLiteral("close"), DockTitle::tr("Hide %1").arg(text), {}, this);
    for (QToolButton* button : {float_button, close_button}) {
      button->setIconSize({12, 12});
      button->setFixedSize(20, 20);
      button->setFocusPolicy(Qt::NoFocus);
      row->addWidget(button);
      buttons_.push_back(button);
    }
    QObject::connect(float_button, &QToolButton::clicked, dock, [dock] { dock->setFloating(!dock->isFloating()); });
    QObject::connect(close_button, &QToolButton::clicked, dock, &QDockWidget::close);
    showButtons(false);
  }

  QSize sizeHint() const override { return {120, 30}; }
  QSize minimumSizeHint() const override { return {60, 30}; }

 protected:
  void enterEvent(QEnterEvent*) override { showButtons(true); }
  void leaveEvent(QEvent*) override { showButtons(false); }
  void paintEvent(QPaintEvent*) override { QPainter(this).fillRect(rect(), colorsOf(palette()).panel); }

 private:
  void showButtons(bool on) {
    for (QToolButton* button : buttons_) button->setVisible(on);
  }
  std::vector<QToolButton*> buttons_;
};

// The panel's ground.
class DockBody : public QWidget {
 public:
  explicit DockBody(QWidget* content) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(content);
  }

 protected:
  void paintEvent(QPaintEvent*) override { QPainter(this).fillRect(rect(), colorsOf(palette()).panel); }
};

}  // namespace

Dock::Dock(const PanelSpec& spec, QWidget* content, QWidget* parent)
    : QDockWidget(QCoreApplication::translate("Panels", spec.title), parent) {
  setObjectName("dock-" + spec.id);
  setTitleBarWidget(new DockTitle(windowTitle(), this));
  setWidget(new DockBody(content));
  setAccessibleName(windowTitle());
}

void Dock::changeEvent(QEvent* event) {
  QDockWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) update();
}

}  // namespace orrery::ui
