// QCustomPlot's header is written with Qt's keywords, which this program switches off: they hold for this one include.
#pragma once

#include <QtCore>
#include <QtGui>
#include <QtWidgets>

#define signals Q_SIGNALS
#define slots Q_SLOTS
#define foreach Q_FOREACH
#define emit Q_EMIT
#include <qcustomplot.h>
#undef signals
#undef slots
#undef foreach
#undef emit
