<?php
/**
 * Plugin Name: Ringback
 * Description: A button by which visitors are called back, from your own Ringback service. Put [ringback] into a page, or let it stand on every page.
 * Version: 1.0.0
 * Requires at least: 5.7
 * Requires PHP: 7.4
 * License: same as Ringback
 *
 * One file, no cookies, nothing is loaded from anybody but the service that you name. Without script the button is a link.
 */

defined('ABSPATH') || exit;

const RINGBACK_DEFAULTS = ['server' => '', 'button' => '', 'text' => 'Call me back', 'everywhere' => ''];

/** What was set, with what was not. */
function ringback_settings(): array {
	$set = get_option('ringback', []);
	return array_merge(RINGBACK_DEFAULTS, is_array($set) ? $set : []);
}

/** The address of a service, scheme and host with an optional port; '' where it is none. */
function ringback_server(string $raw): string {
	$url = wp_parse_url(trim($raw));
	if (!is_array($url) || empty($url['host']) || !in_array($url['scheme'] ?? '', ['https', 'http'], true)) {
		return '';
	}
	return $url['scheme'] . '://' . $url['host'] . (isset($url['port']) ? ':' . (int) $url['port'] : '');
}

/** The name of a button, as a seed file or the console gives it; '' where it is none. */
function ringback_button(string $raw): string {
	$raw = trim($raw);
	return preg_match('/^[a-z0-9][a-z0-9_-]{0,62}$/', $raw) ? $raw : '';
}

/** [ringback button="acme-main" text="Call me back" inline="1" open-after="20"] */
function ringback_shortcode($atts): string {
	$set = ringback_settings();
	$atts = shortcode_atts(['button' => $set['button'], 'text' => $set['text'], 'lang' => '', 'inline' => '', 'open-after' => '', 'on-pages' => ''], is_array($atts) ? $atts : [], 'ringback');
	$server = ringback_server($set['server']);
	$button = ringback_button($atts['button']);
	if ($server === '' || $button === '') {
		return current_user_can('manage_options') ? '<p>' . esc_html__('Ringback: set the service and the button under Settings, Ringback.', 'ringback') . '</p>' : '';
	}
	wp_enqueue_script('ringback', $server . '/w/1/cb.js', [], null, true);
	$more = '';
	foreach (['lang', 'open-after', 'on-pages'] as $name) {
		if ($atts[$name] !== '') {
			$more .= ' ' . $name . '="' . esc_attr($atts[$name]) . '"';
		}
	}
	if ($atts['inline'] !== '') {
		$more .= ' inline';
	}
	return '<call-back button="' . esc_attr($button) . '"' . $more . '><a href="' . esc_url($server . '/b/' . $button) . '">' . esc_html($atts['text']) . '</a></call-back>';
}

/** The script is a module, and nothing waits for it. */
function ringback_module(string $tag, string $handle): string {
	if ($handle !== 'ringback') {
		return $tag;
	}
	return str_replace('<script ', '<script type="module" async ', preg_replace('/ type=([\'"])text\/javascript\1/', '', $tag));
}

/** On every page, for who wants it so. */
function ringback_footer(): void {
	if (ringback_settings()['everywhere'] !== '') {
		echo ringback_shortcode([]); // escaped above
	}
}

function ringback_clean($in): array {
	$in = is_array($in) ? $in : [];
	$out = [
		'server' => ringback_server((string) ($in['server'] ?? '')),
		'button' => ringback_button((string) ($in['button'] ?? '')),
		'text' => sanitize_text_field((string) ($in['text'] ?? '')),
		'everywhere' => empty($in['everywhere']) ? '' : '1',
	];
	foreach (['server' => 'https://call.example.com', 'button' => 'acme-main'] as $name => $like) {
		if ($out[$name] === '' && !empty($in[$name])) {
			/* translators: 1: name of the setting, 2: an example */
			add_settings_error('ringback', 'ringback-' . $name, sprintf(__('%1$s is written like %2$s', 'ringback'), $name, $like));
		}
	}
	if ($out['text'] === '') {
		$out['text'] = RINGBACK_DEFAULTS['text'];
	}
	return $out;
}

function ringback_page(): void {
	if (!current_user_can('manage_options')) {
		return;
	}
	$set = ringback_settings();
	echo '<div class="wrap"><h1>Ringback</h1><form method="post" action="options.php">';
	settings_fields('ringback');
	echo '<table class="form-table" role="presentation">';
	foreach (['server' => __('Service', 'ringback'), 'button' => __('Button', 'ringback'), 'text' => __('Text of the link', 'ringback')] as $name => $label) {
		printf('<tr><th scope="row"><label for="ringback-%1$s">%2$s</label></th><td><input class="regular-text" id="ringback-%1$s" name="ringback[%1$s]" value="%3$s"></td></tr>',
			esc_attr($name), esc_html($label), esc_attr($set[$name]));
	}
	printf('<tr><th scope="row">%s</th><td><label><input type="checkbox" name="ringback[everywhere]" value="1"%s> %s</label></td></tr></table>',
		esc_html__('Where', 'ringback'), checked($set['everywhere'], '1', false), esc_html__('At the end of every page', 'ringback'));
	submit_button();
	echo '</form><p>' . esc_html__('In a page or post: [ringback], or [ringback button="acme-main" text="Call me back" inline="1"].', 'ringback') . '</p></div>';
}

add_shortcode('ringback', 'ringback_shortcode');
add_filter('script_loader_tag', 'ringback_module', 10, 2);
add_action('wp_footer', 'ringback_footer', 5);
add_action('admin_init', function (): void {
	register_setting('ringback', 'ringback', ['type' => 'array', 'sanitize_callback' => 'ringback_clean', 'default' => []]);
});
add_action('admin_menu', function (): void {
	add_options_page('Ringback', 'Ringback', 'manage_options', 'ringback', 'ringback_page');
});
