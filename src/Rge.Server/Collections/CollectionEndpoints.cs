using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Rge.Search;
using Rge.Server.Answers;
using Rge.Server.Endpoints;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Collections;

/// <summary>Collections: listed, made, deleted. What is in them has endpoints of its own.</summary>
internal static class CollectionEndpoints
{
    /// <summary>The group that all endpoints of collections are shown in.</summary>
    public const string Tag = "Collections";

    public static EndpointReference ListReference { get; } =
        new(Tag, "All collections", "Those that were made with another model can be neither searched nor filled here: `usable` is false.");

    public static EndpointReference CreateReference { get; } =
        new(Tag, "Make a collection", "An existing one is returned unchanged; 409 where it was made with something else.")
        {
            Fields =
            [
                new("name", null, "1 to 40 lower-case letters, digits, `-` and `_`, a letter first."),
                new("instruction", null, "The instruction that the model reads with each item."),
                FieldReference.Dimensions("dimensions"),
                new("index", SearchNames.Indexes.Keys, "How PostgreSQL searches; exact unless given."),
            ],
            Examples = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["With the model's dimensions"] = """{"name": "scenes", "instruction": "represent the picture"}""",
            },
        };

    public static EndpointReference GetReference { get; } = new(Tag, "A collection", "404 where there is none of the name.");

    public static EndpointReference DeleteReference { get; } =
        new(Tag, "Delete a collection", "With all its items. Requests that are at it meanwhile fail.");

    /// <summary>Maps the endpoints of collections and of what is in them.</summary>
    public static void MapCollections(this IEndpointRouteBuilder endpoints)
    {
        var collections = endpoints.MapGroup("/v1/collections");
        collections.MapGet("", ListAsync).Describe(ListReference);
        collections.MapPost("", CreateAsync).Describe(CreateReference);
        collections.MapSample();
        collections.MapGet("/{name}", GetAsync).Describe(GetReference);
        collections.MapDelete("/{name}", DeleteAsync).Describe(DeleteReference);
        collections.MapSearch();
        collections.MapItems();
    }

    private static async Task<Answer<CollectionList>> ListAsync(CollectionHost collections, CancellationToken cancellationToken)
    {
        var answers = new List<CollectionAnswer>();
        foreach (var (name, identity) in await collections.ListAsync(cancellationToken))
            answers.Add(CollectionAnswer.From(collections.Identity, name, identity, await collections.StatsAsync(name, cancellationToken)));
        return new(new CollectionList(answers));
    }

    private static async Task<Answer<CollectionAnswer>> CreateAsync(HttpContext context, ModelHost host, CollectionHost collections)
    {
        var request = await RequestBody.ReadAsync(context.Request, body => CollectionRequest.Read(body, host.Reader));
        var own = collections.Identity;
        var identity = own with
        {
            Dimensions = request.Dimensions ?? own.Dimensions,
            Instruction = request.Instruction,
            Index = request.Index,
        };
        var served = await collections.CreateAsync(request.Name, identity, context.RequestAborted);
        return new(await CollectionAnswer.OfAsync(collections.Identity, served, context.RequestAborted));
    }

    private static async Task<Answer<CollectionAnswer>> GetAsync(
        string name,
        CollectionHost collections,
        CancellationToken cancellationToken
    ) => new(await CollectionAnswer.OfAsync(collections.Identity, await collections.OpenAsync(name, cancellationToken), cancellationToken));

    private static async Task<NoContent> DeleteAsync(string name, CollectionHost collections, CancellationToken cancellationToken)
    {
        await collections.DeleteAsync(name, cancellationToken);
        return TypedResults.NoContent();
    }
}
