using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Rge.Files;
using Rge.Search.Collections;

namespace Rge.Server;

/// <summary>Settings of the server. Immutable.</summary>
public sealed partial record ServerOptions
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        // Keys are neither read nor shown; an ignored member would be taken without a word.
        TypeInfoResolver = new DefaultJsonTypeInfoResolver
        {
            Modifiers =
            {
                type =>
                {
                    if (type.Properties.FirstOrDefault(property => property.Name == JsonNameOf(nameof(ApiKeys))) is { } keys)
                        type.Properties.Remove(keys);
                },
            },
        },
    };

    /// <summary>Addresses to listen on, without TLS: that is for a proxy in front.</summary>
    public IReadOnlyList<string> Urls { get; init; } = ["http://127.0.0.1:8000"];

    /// <summary>Names by which requests may call the model, the first of them in answers; empty for the checkpoint folder's name.</summary>
    public IReadOnlyList<string> ModelNames { get; init; } = [];

    /// <summary>Names by which requests may call the reranker, the first of them in answers; empty for its folder's name.</summary>
    public IReadOnlyList<string> RerankerNames { get; init; } = [];

    /// <summary>
    /// A file of API keys, one a line, empty lines and those that start with # left out; <see langword="null"/> for none. It is read again
    /// while the server runs, within a second or so.
    /// </summary>
    public string? ApiKeyFile { get; init; }

    /// <summary>
    /// API keys besides those of <see cref="ApiKeyFile"/>; not read from settings files and never shown. Without any key everybody may ask.
    /// </summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>
    /// Hosts that image URLs may name: <c>images.example.org</c>, <c>*.example.org</c>, either with <c>:8080</c> for another port than the
    /// scheme's, or <c>*</c> for all. Empty: URLs are refused. Addresses that are not public are never connected to.
    /// </summary>
    public IReadOnlyList<string> ImageHosts { get; init; } = [];

    /// <summary>
    /// The store of collections: a SQLite file, or a PostgreSQL server with pgvector as <c>postgresql://user@host/database</c>;
    /// <see langword="null"/> for no collections.
    /// </summary>
    public string? Store { get; init; }

    /// <summary>
    /// Names by which browsers may reach a server that listens on this machine alone and asks for no key, besides the machine's own: those
    /// of a proxy in front. Others are refused, since a web page could have its name point here.
    /// </summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>Seconds that fetching an image may take, redirects included.</summary>
    public int ImageSeconds { get; init; } = 10;

    /// <summary>Seconds within which the body of a request has to arrive.</summary>
    public int BodySeconds { get; init; } = 300;

    /// <summary>
    /// Seconds that the server still serves after a stop was requested, while it already reports that it is not ready: time for
    /// load balancers to notice. They come before <see cref="ShutdownSeconds"/>.
    /// </summary>
    public int DrainSeconds { get; init; }

    /// <summary>Seconds that a shutdown waits for what was taken.</summary>
    public int ShutdownSeconds { get; init; } = 30;

    /// <summary>What requests may cost.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <summary>Reads settings from a JSON file; comments are allowed, unknown and repeated settings are errors.</summary>
    /// <exception cref="ServerException">The file cannot be read or understood.</exception>
    public static ServerOptions Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            var options = JsonSerializer.Deserialize<ServerOptions>(FileReader.ReadBytes(path), Json)
                ?? throw new ServerException($"{path} says null, expected an object of settings.");
            options.Validate();
            return options;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ServerException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is { } line ? $", line {line + 1}" : "";
            throw new ServerException($"{path}{place}: {Problem(e)}", e);
        }
        catch (ServerException e)
        {
            throw new ServerException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>All settings as a line of JSON, defaults included, without keys and without what a connection string says.</summary>
    public string ToJson() =>
        JsonSerializer.Serialize(this with { Store = Store is not null && SearchCollections.IsServer(Store) ? "PostgreSQL" : Store }, Json);

    /// <summary>What is wrong with an address to listen on, as the rest of a sentence; <see langword="null"/> for nothing.</summary>
    /// <param name="url">The address.</param>
    public static string? UrlProblem(string url)
    {
        try
        {
            return BindingAddress.Parse(url) is { Scheme: "http", PathBase: "" }
                ? null
                : $"'{url}', expected http:// with host and port alone; leave TLS to a proxy.";
        }
        catch (FormatException)
        {
            return $"'{url}', expected an address such as http://127.0.0.1:8000.";
        }
    }

    /// <exception cref="ServerException">A setting makes no sense.</exception>
    internal void Validate()
    {
        if (Urls.Count == 0)
            throw new ServerException("urls is empty, expected at least one address.");
        if (Urls.Select(UrlProblem).FirstOrDefault(problem => problem is not null) is { } wrong)
            throw new ServerException($"urls has {wrong}");
        if (ImageSeconds is < 1 or > 600)
            throw new ServerException($"image_seconds is {ImageSeconds}, expected 1 to 600.");
        if (BodySeconds is < 1 or > 3600)
            throw new ServerException($"body_seconds is {BodySeconds}, expected 1 to 3600.");
        if (DrainSeconds is < 0 or > 3600)
            throw new ServerException($"drain_seconds is {DrainSeconds}, expected 0 to 3600.");
        if (ShutdownSeconds is < 0 or > 3600)
            throw new ServerException($"shutdown_seconds is {ShutdownSeconds}, expected 0 to 3600.");
        Limits.Validate();
    }

    /// <summary>A setting's name in the file.</summary>
    internal static string JsonNameOf(string property) => JsonNamingPolicy.SnakeCaseLower.ConvertName(property);

    private static string Problem(JsonException e) =>
        UnknownSetting().Match(e.Message) is { Success: true } unknown ? $"the setting '{unknown.Groups["name"].Value}' is not known."
        : e.Message.StartsWith("Duplicate", StringComparison.Ordinal) ? "a setting is given twice."
        : e.Path is { Length: > 2 } path && e.InnerException is not JsonException
            ? $"{path[2..]} has a value of another type than expected."
        : "this is not valid JSON.";

    /// <summary>How the library calls a member that a type lacks: by the name of a type that no user knows.</summary>
    [GeneratedRegex(
        "^The JSON property '(?<name>[^']*)' could not be mapped",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex UnknownSetting();
}
