using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Rge.Search;
using Rge.Server.Answers;
using Rge.Server.Endpoints;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Collections;

/// <summary>Items of a collection: added, listed, shown, deleted.</summary>
internal static class ItemEndpoints
{
    private const int MostListed = 1000;

    public static EndpointReference AddReference { get; } =
        new(
            CollectionEndpoints.Tag,
            "Put items into a collection",
            """
            Each item is a text, an image or both. Its id is the hash of key, text, images and metadata: what is there already stays as it is, and
            an item with the key of an earlier one takes its place. When this is answered, the items that have an id in the answer are stored;
            `failed` lists the others by their place in the request. Images can also be sent as the files of a form (`multipart/form-data`), with
            the fields `metadata` (JSON; once for all files, or once for each) and `on_error`.
            """
        )
        {
            Fields =
            [
                new(
                    "items",
                    null,
                    "Items `{\"key\": …, \"text\": …, \"image\": …, \"metadata\": {\"color\": [\"red\"], \"year\": 2020}}`, each with "
                        + "a text, "
                        + "an `image` or several `images`, or both."
                ),
                new(
                    "on_error",
                    OnErrorNames.All.Keys,
                    "What becomes of the request when an item cannot be indexed: `skip`, the item is listed in `failed`; `fail`, the "
                        + "answer is "
                        + "an error that names it. What was good is stored either way, unless an item cannot even be read. `skip` "
                        + "unless given."
                ),
            ],
            Examples = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Text and image"] = $$$"""
                    {"items": [{"text": "a red circle", "metadata": {"color": "red"}},
                      {"key": "square-1", "image": "{{{ExampleImage.Uri}}}", "metadata": {"color": ["red"], "shape": ["square"]}}]}
                    """,
            },
        };

    public static EndpointReference ListReference { get; } =
        new(CollectionEndpoints.Tag, "A page of a collection's items", "By id, `skip` of them passed over and `take` of them answered.")
        {
            Query = ["skip", "take"],
        };

    public static EndpointReference GetReference { get; } = new(CollectionEndpoints.Tag, "An item", "404 where there is none of the id.");

    public static EndpointReference ThumbnailReference { get; } =
        new(CollectionEndpoints.Tag, "An item's image, made small", "A JPEG of at most 320 pixels on either side.");

    public static EndpointReference DeleteReference { get; } =
        new(CollectionEndpoints.Tag, "Delete an item", "An indexer whose folder still has it puts it back.");

    public static void MapItems(this IEndpointRouteBuilder collections)
    {
        collections.MapPost("/{name}/items", AddAsync).Describe(AddReference);
        collections.MapGet("/{name}/items", ListAsync).Describe(ListReference);
        collections.MapGet("/{name}/items/{id}", GetAsync).Describe(GetReference);
        collections.MapGet("/{name}/items/{id}/thumbnail", GetThumbnailAsync).Describe(ThumbnailReference);
        collections.MapDelete("/{name}/items/{id}", DeleteAsync).Describe(DeleteReference);
    }

    private static async Task<Answer<ItemsAdded>> AddAsync(string name, HttpContext context, ServerLimits limits, CollectionService service)
    {
        var request = context.Request.HasFormContentType
            ? await UploadedFiles.ReadAsync(context.Request, limits)
            : await RequestBody.ReadAsync(context.Request, body => ItemsRequest.Read(body, limits));
        return new(await service.AddAsync(name, request, context.RequestAborted));
    }

    private static async Task<Answer<ItemList>> ListAsync(
        string name,
        CollectionHost collections,
        CancellationToken cancellationToken,
        int skip = 0,
        int take = 100
    )
    {
        if (skip < 0)
            throw ApiException.Invalid($"skip is {skip}, expected 0 or more.", "skip");
        if (take is < 1 or > MostListed)
            throw ApiException.Invalid($"take is {take}, expected 1 to {MostListed}.", "take");
        var served = await collections.OpenAsync(name, cancellationToken);
        var records = await served.Collection.ListAsync(skip, take, cancellationToken: cancellationToken);
        return new(new ItemList([.. records.Select(ItemAnswer.From)]));
    }

    private static async Task<Answer<ItemAnswer>> GetAsync(
        string name,
        string id,
        CollectionHost collections,
        CancellationToken cancellationToken
    ) => new(ItemAnswer.From(await FindAsync(await collections.OpenAsync(name, cancellationToken), id, cancellationToken)));

    private static async Task<FileContentHttpResult> GetThumbnailAsync(
        string name,
        string id,
        HttpContext context,
        CollectionHost collections
    )
    {
        var served = await collections.OpenAsync(name, context.RequestAborted);
        var jpeg = await served.Collection.GetThumbnailAsync(id, context.RequestAborted) ?? throw NoItem(name, id);
        // An id is its content's.
        context.Response.Headers.CacheControl = string.Create(
            CultureInfo.InvariantCulture,
            $"private, max-age={TimeSpan.FromDays(1).TotalSeconds}, immutable"
        );
        return TypedResults.Bytes(jpeg, "image/jpeg");
    }

    private static async Task<NoContent> DeleteAsync(
        string name,
        string id,
        CollectionHost collections,
        CancellationToken cancellationToken
    )
    {
        var served = await collections.OpenAsync(name, cancellationToken);
        await FindAsync(served, id, cancellationToken);
        await served.Collection.DeleteAsync([id], cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<SearchRecord> FindAsync(ServedCollection served, string id, CancellationToken cancellationToken) =>
        await served.Collection.GetAsync([id], cancellationToken) is [var record] ? record : throw NoItem(served.Collection.Name, id);

    private static ApiException NoItem(string name, string id) =>
        new(StatusCodes.Status404NotFound, $"The collection {name} has no such item: {id}.") { Code = "item_not_found" };
}
