namespace Rge.Search.Stores;

/// <summary>Tells URLs of servers from other locations of stores.</summary>
internal static class StoreUrl
{
    /// <summary>Whether a location is a URL of one of some schemes, which are without <c>://</c>.</summary>
    public static bool Is(string location, IEnumerable<string> schemes) =>
        schemes.Any(scheme => location.StartsWith(scheme + "://", StringComparison.OrdinalIgnoreCase));
}
