using System.Globalization;

namespace Rge.Server.Images;

/// <summary>The hosts that image URLs may name. Immutable.</summary>
internal sealed class ImageHosts(IReadOnlyList<string> patterns)
{
    private const string Any = "*",
        Below = "*.";

    /// <summary>Refuses URLs that are not allowed.</summary>
    /// <param name="address">An absolute URL.</param>
    /// <returns>What is wrong with it, as the end of a sentence; null for nothing.</returns>
    public string? Problem(Uri address) =>
        patterns.Count == 0 ? "URLs are not fetched here; send the image itself, as a data URI"
        : address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps
            ? $"the scheme {address.Scheme} is not fetched, only http and https"
        : address.UserInfo.Length > 0 ? "URLs with a user name are not fetched"
        : patterns.Any(pattern => Matches(pattern, address)) ? null
        : $"the host {address.Authority} is not among those that this server fetches from";

    private static bool Matches(string pattern, Uri address)
    {
        var (name, port) =
            pattern.LastIndexOf(':') is >= 0 and var colon
            && int.TryParse(pattern.AsSpan(colon + 1), CultureInfo.InvariantCulture, out var given)
                ? (pattern[..colon], given)
                : (pattern, 0);
        if (port > 0 ? address.Port != port : !address.IsDefaultPort)
            return false;
        return name == Any
            || (
                name.StartsWith(Below, StringComparison.Ordinal)
                    ? address.IdnHost.EndsWith(name[1..], StringComparison.OrdinalIgnoreCase)
                    : string.Equals(name, address.IdnHost, StringComparison.OrdinalIgnoreCase)
            );
    }
}
