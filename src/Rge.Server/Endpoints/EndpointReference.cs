namespace Rge.Server.Endpoints;

/// <summary>What the OpenAPI document says of an endpoint.</summary>
/// <param name="Tag">The group it is shown in.</param>
/// <param name="Summary">Its title.</param>
/// <param name="Description">More about it, in Markdown.</param>
internal sealed record EndpointReference(string Tag, string Summary, string Description)
{
    /// <summary>Members of the request's body.</summary>
    public IReadOnlyList<FieldReference> Fields { get; init; } = [];

    /// <summary>Parameters of the query, any other of which is refused; <see langword="null"/> where the query string is ignored.</summary>
    public IReadOnlyList<string>? Query { get; init; } = [];

    /// <summary>Whole bodies that can be sent as they are, by title; tests send each of them.</summary>
    public IReadOnlyDictionary<string, string> Examples { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
