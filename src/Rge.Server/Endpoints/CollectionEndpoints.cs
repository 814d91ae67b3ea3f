using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Rge.Search;
using Rge.Server.Answers;
using Rge.Server.Collections;
using Rge.Server.Reference;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Endpoints;

/// <summary>Collections: made, filled, searched, deleted.</summary>
internal static class CollectionEndpoints
{
    private const int MostListed = 1000;

    public static void MapCollections(this IEndpointRouteBuilder endpoints)
    {
        var collections = endpoints.MapGroup("/v1/collections");
        collections.MapGet("", ListAsync).Describe(EndpointReference.ListCollections);
        collections.MapPost("", CreateAsync).Describe(EndpointReference.CreateCollection);
        collections.MapPost("/sample", CreateSampleAsync).Describe(EndpointReference.CreateSample);
        collections.MapGet("/sample/examples", Examples).Describe(EndpointReference.SampleExamples);
        collections.MapGet("/{name}", GetAsync).Describe(EndpointReference.GetCollection);
        collections.MapDelete("/{name}", DeleteAsync).Describe(EndpointReference.DeleteCollection);
        collections.MapPost("/{name}/search", SearchAsync).Describe(EndpointReference.SearchCollection).Produces<SearchAnswered>();
        collections.MapPost("/{name}/items", AddAsync).Describe(EndpointReference.AddItems);
        collections.MapGet("/{name}/items", ListItemsAsync).Describe(EndpointReference.ListItems);
        collections.MapGet("/{name}/items/{id}", GetItemAsync).Describe(EndpointReference.GetItem);
        collections.MapGet("/{name}/items/{id}/thumbnail", GetThumbnailAsync).Describe(EndpointReference.GetThumbnail);
        collections.MapDelete("/{name}/items/{id}", DeleteItemAsync).Describe(EndpointReference.DeleteItem);
    }

    private static async Task<Answer<CollectionList>> ListAsync(CollectionHost collections, CancellationToken cancellationToken)
    {
        var answers = new List<CollectionAnswer>();
        foreach (var (name, identity) in await collections.ListAsync(cancellationToken)) answers.Add(Describe(collections, name, identity, await collections.StatsAsync(name, cancellationToken)));
        return new Answer<CollectionList>(new CollectionList(answers));
    }

    private static async Task<Answer<CollectionAnswer>> CreateAsync(HttpContext context, RequestReader reader, CollectionHost collections)
    {
        var request = await RequestBody.ReadAsync(context.Request, reader.Collection);
        var own = collections.Identity;
        var identity = own with { Dimensions = request.Dimensions ?? own.Dimensions, Instruction = request.Instruction, Index = request.Index };
        return new Answer<CollectionAnswer>(await DescribeAsync(collections, await collections.CreateAsync(request.Name, identity, context.RequestAborted), context.RequestAborted));
    }

    private static async Task<Answer<CollectionAnswer>> CreateSampleAsync(HttpContext context, CollectionHost collections, CollectionService service, ServerLimits limits)
    {
        var collection = await collections.CreateAsync(SampleCollection.Name, collections.Identity with { Instruction = SampleCollection.Instruction }, context.RequestAborted);
        // No more at once than a request may bring.
        foreach (var items in SampleCollection.Items().Chunk(limits.MaxItems)) await service.AddAsync(SampleCollection.Name, items, context.RequestAborted);
        return new Answer<CollectionAnswer>(await DescribeAsync(collections, collection, context.RequestAborted));
    }

    private static Answer<ExampleList> Examples() => new Answer<ExampleList>(new ExampleList(
        [.. SampleCollection.Queries().Select(query => new ExampleQuery(query.Text, query.Picture is { } png ? $"data:image/png;base64,{Convert.ToBase64String(png)}" : null))]));

    private static async Task<Answer<CollectionAnswer>> GetAsync(string name, CollectionHost collections, CancellationToken cancellationToken) =>
        new(await DescribeAsync(collections, await collections.OpenAsync(name, cancellationToken), cancellationToken));

    private static async Task<NoContent> DeleteAsync(string name, CollectionHost collections, CancellationToken cancellationToken)
    {
        await collections.DeleteAsync(name, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> SearchAsync(string name, HttpContext context, RequestReader reader, CollectionService service, ApiErrors errors)
    {
        var (request, streams) = await RequestBody.ReadAsync(context.Request, body => (reader.Search(body), body["stream"].Flag()));
        if (!streams) return new Answer<SearchAnswered>(Answer(await service.SearchAsync(name, request, context.RequestAborted)));
        return await EventWriter.StreamAsync(context, errors, service.StreamAsync(name, request, context.RequestAborted), (events, update) =>
            update.Answer is { } answer ? events.WriteAsync("answer", Answer(answer)) : events.WriteAsync("rationale", new RationaleText(update.Text)));
    }

    private static async Task<Answer<ItemsAdded>> AddAsync(string name, HttpContext context, RequestReader reader, ServerLimits limits, CollectionService service)
    {
        var request = context.Request.HasFormContentType ? await UploadedFiles.ReadAsync(context.Request, limits) : await RequestBody.ReadAsync(context.Request, reader.Items);
        return new Answer<ItemsAdded>(await service.AddAsync(name, request, context.RequestAborted));
    }

    private static async Task<Answer<ItemList>> ListItemsAsync(string name, CollectionHost collections, CancellationToken cancellationToken, int skip = 0, int take = 100)
    {
        if (skip < 0) throw ApiException.Invalid($"skip is {skip}, expected 0 or more.", "skip");
        if (take is < 1 or > MostListed) throw ApiException.Invalid($"take is {take}, expected 1 to {MostListed}.", "take");
        var served = await collections.OpenAsync(name, cancellationToken);
        return new Answer<ItemList>(new ItemList([.. (await served.Collection.ListAsync(skip, take, cancellationToken: cancellationToken)).Select(Answer)]));
    }

    private static async Task<Answer<ItemAnswer>> GetItemAsync(string name, string id, CollectionHost collections, CancellationToken cancellationToken) =>
        new(Answer(await FindAsync(await collections.OpenAsync(name, cancellationToken), id, cancellationToken)));

    private static async Task<FileContentHttpResult> GetThumbnailAsync(string name, string id, HttpContext context, CollectionHost collections)
    {
        var served = await collections.OpenAsync(name, context.RequestAborted);
        var jpeg = await served.Collection.GetThumbnailAsync(id, context.RequestAborted) ?? throw NoItem(name, id);
        // An id is its content's.
        context.Response.Headers.CacheControl = string.Create(CultureInfo.InvariantCulture, $"private, max-age={TimeSpan.FromDays(1).TotalSeconds}, immutable");
        return TypedResults.Bytes(jpeg, "image/jpeg");
    }

    private static async Task<NoContent> DeleteItemAsync(string name, string id, CollectionHost collections, CancellationToken cancellationToken)
    {
        var served = await collections.OpenAsync(name, cancellationToken);
        await FindAsync(served, id, cancellationToken);
        await served.Collection.DeleteAsync([id], cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<SearchRecord> FindAsync(ServedCollection served, string id, CancellationToken cancellationToken) =>
        await served.Collection.GetAsync([id], cancellationToken) is [var record] ? record : throw NoItem(served.Collection.Name, id);

    private static ApiException NoItem(string name, string id) => new(StatusCodes.Status404NotFound, $"The collection {name} has no such item: {id}.") { Code = "item_not_found" };

    private static async Task<CollectionAnswer> DescribeAsync(CollectionHost collections, ServedCollection served, CancellationToken cancellationToken) =>
        Describe(collections, served.Collection.Name, served.Collection.Identity, await served.Collection.StatsAsync(cancellationToken));

    private static CollectionAnswer Describe(CollectionHost collections, string name, CollectionIdentity identity, CollectionStats stats) => new(
        name, identity.Model, identity.Fingerprint == collections.Identity.Fingerprint, identity.Dimensions, identity.Instruction, SearchNames.Of(identity.Index), stats.Records);

    private static SearchAnswered Answer(SearchAnswer answer)
    {
        var (query, (reason, embed, search)) = (answer.Query, (answer.Timings.Reason, answer.Timings.Embed, answer.Timings.Search));
        return new SearchAnswered(
            query.Rationale, [.. answer.Hits.Select(hit => new HitAnswer(hit.Score, Answer(hit.Record)))], new SearchTimes(reason.TotalMilliseconds, embed.TotalMilliseconds, search.TotalMilliseconds),
            new TokenUsage(query.PromptTokens, query.WrittenTokens, query.PromptTokens + query.WrittenTokens));
    }

    private static ItemAnswer Answer(SearchRecord record) => new(
        record.Id, SearchNames.KindOf(record), record.Label, record.Key, record.Text,
        record.Metadata.ToDictionary(values => values.Key, values => values.ToArray(), StringComparer.Ordinal), record.Kind != nameof(ItemKind.Text));
}
