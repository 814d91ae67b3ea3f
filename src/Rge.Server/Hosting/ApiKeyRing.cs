using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Rge.Files;
using Rge.Server.Errors;

namespace Rge.Server.Hosting;

/// <summary>
/// The API keys. Their file is read again when a request comes and it was last read a moment ago, so that keys are added and withdrawn
/// without a restart; a file that cannot be read then, or has no key, leaves the keys as they were. Thread-safe.
/// </summary>
/// <remarks>Compared are digests, all of them, so that the time taken tells nothing of a key.</remarks>
internal sealed partial class ApiKeyRing
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly ServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ApiKeyRing> _logger;
    private readonly Lock _reading = new();
    private volatile byte[][] _digests;
    private long _read;
    private string? _problem;

    /// <exception cref="ServerException">The file of keys cannot be read or has none.</exception>
    public ApiKeyRing(ServerOptions options, TimeProvider time, ILogger<ApiKeyRing> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _digests = Read();
        _read = time.GetTimestamp();
    }

    /// <summary>Whether there are no keys, and everybody may ask.</summary>
    public bool IsEmpty => _digests.Length == 0;

    /// <summary>Asks a request for a key, where there are any and its endpoint is not marked <see cref="IAllowAnonymous"/>.</summary>
    /// <exception cref="ApiException">It has none, or one that is not known (401).</exception>
    public void Require(HttpContext context)
    {
        if (IsEmpty || context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            return;
        var given = Given(context.Request.Headers)
            ?? throw new ApiException(
                StatusCodes.Status401Unauthorized,
                "An API key is needed: expected the header 'Authorization: Bearer KEY' or 'x-api-key: KEY'."
            )
            {
                Code = "missing_api_key",
            };
        Refresh();
        if (!Knows(given))
            throw new ApiException(StatusCodes.Status401Unauthorized, "The API key is not known here.") { Code = "invalid_api_key" };
    }

    private bool Knows(string key)
    {
        var (digest, found) = (Digest(key), false);
        foreach (var known in _digests)
            found |= CryptographicOperations.FixedTimeEquals(known, digest);
        return found;
    }

    private void Refresh()
    {
        if (_options.ApiKeyFile is null)
            return;
        lock (_reading)
        {
            if (_time.GetElapsedTime(_read) < Fresh)
                return;
            _read = _time.GetTimestamp();
            try
            {
                var digests = Read();
                if (_problem is not null || !digests.SelectMany(digest => digest).SequenceEqual(_digests.SelectMany(digest => digest)))
                    KeysRead(digests.Length);
                (_digests, _problem) = (digests, null);
            }
            catch (ServerException e)
            {
                if (_problem != e.Message)
                    KeysKept(e.Message);
                _problem = e.Message;
            }
        }
    }

    private byte[][] Read()
    {
        if (_options.ApiKeyFile is not { } path)
            return [.. _options.ApiKeys.Select(Digest)];
        try
        {
            var keys = FileReader.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').ToList();
            return keys.Count > 0
                ? [.. _options.ApiKeys.Concat(keys).Select(Digest)]
                : throw new ServerException($"{path} has no key, expected at least one, each on a line of its own.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ServerException($"The file of API keys {path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    private static string? Given(IHeaderDictionary headers)
    {
        const string Bearer = "Bearer ";
        if (headers.Authorization is [{ } value] && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return value[Bearer.Length..].Trim();
        return headers["x-api-key"] is [{ } key] ? key
            : headers["api-key"] is [{ } other] ? other
            : null;
    }

    private static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    [LoggerMessage(LogLevel.Information, "The file of API keys has changed; {Count} keys count now.")]
    private partial void KeysRead(int count);

    [LoggerMessage(LogLevel.Error, "The API keys stay as they were. {Problem}")]
    private partial void KeysKept(string problem);
}
