// Instants on the chart's axis: whole seconds since 1970, and their text in UTC.

/** The length of each interval in seconds. All of them begin at midnight of UTC, and divide the day. */
export const LENGTHS = { "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400 };

/** The second in which an instant lies. */
export const seconds = (text) => Math.floor(Date.parse(text) / 1_000);

/** Where the interval begins in which a second lies. */
export const start = (second, length) => second - (second % length);

export const iso = (second) => `${new Date(second * 1_000).toISOString().slice(0, 19)}Z`;

/** The minute in which a second lies, as the question for its high and low is asked. */
export const minute = (second) => `${iso(second).slice(0, 16)}Z`;
