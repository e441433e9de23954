/**
 * Contains the model of a call for service, and the formats and parsers that turn records into
 * calls or rejections. Applications use it to read calls and to implement custom formats; all other
 * packages depend on it.
 */
@NullMarked
package io.callstream.call;

import org.jspecify.annotations.NullMarked;
