using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace Rge.Server.Serving;

/// <summary>Middleware that asks for an API key where there are any, but at endpoints marked <see cref="IAllowAnonymous"/>.</summary>
/// <remarks>Compared are digests, all of them, so that the time taken tells nothing of a key.</remarks>
internal sealed class ApiKeys(RequestDelegate next, IEnumerable<string> keys)
{
    private readonly byte[][] _digests = [.. keys.Select(Digest)];

    /// <summary>All keys that the settings name.</summary>
    /// <exception cref="ServerException">The file of keys cannot be read or has none.</exception>
    public static IReadOnlyList<string> Load(ServerOptions options)
    {
        if (options.ApiKeyFile is not { } path) return options.ApiKeys;
        try
        {
            var keys = File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').ToList();
            return keys.Count > 0 ? [.. options.ApiKeys, .. keys] : throw new ServerException($"{path} has no key, expected at least one, each on a line of its own.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ServerException($"The file of API keys cannot be read: {e.Message}", e);
        }
    }

    public Task InvokeAsync(HttpContext context)
    {
        if (_digests.Length == 0 || context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null) return next(context);
        var given = Given(context.Request.Headers)
            ?? throw new ApiException(StatusCodes.Status401Unauthorized, "An API key is needed: expected the header 'Authorization: Bearer KEY' or 'x-api-key: KEY'.") { Code = "missing_api_key" };
        return Knows(given) ? next(context) : throw new ApiException(StatusCodes.Status401Unauthorized, "The API key is not known here.") { Code = "invalid_api_key" };
    }

    private bool Knows(string key)
    {
        var (digest, found) = (Digest(key), false);
        foreach (var known in _digests) found |= CryptographicOperations.FixedTimeEquals(known, digest);
        return found;
    }

    private static string? Given(IHeaderDictionary headers)
    {
        const string Bearer = "Bearer ";
        if (headers.Authorization is [{ } value] && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)) return value[Bearer.Length..].Trim();
        return headers["x-api-key"] is [{ } key] ? key : headers["api-key"] is [{ } other] ? other : null;
    }

    private static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
