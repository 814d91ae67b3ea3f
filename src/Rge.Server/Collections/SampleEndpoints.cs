using System.ComponentModel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Endpoints;

namespace Rge.Server.Collections;

/// <summary>The sample collection, and queries to try in it.</summary>
internal static class SampleEndpoints
{
    public static EndpointReference CreateReference { get; } =
        new(
            CollectionEndpoints.Tag,
            "Make the sample collection",
            "Drawn scenes to try a search with, in the collection `sample`; made again, nothing changes."
        );

    public static EndpointReference ExamplesReference { get; } =
        new(CollectionEndpoints.Tag, "Queries for the sample collection", "Each has its answer there, among images that are nearly right.");

    public static void MapSample(this IEndpointRouteBuilder collections)
    {
        collections.MapPost("/sample", CreateAsync).Describe(CreateReference);
        collections.MapGet("/sample/examples", Examples).Describe(ExamplesReference);
    }

    private static async Task<Answer<CollectionAnswer>> CreateAsync(
        HttpContext context,
        CollectionHost collections,
        CollectionService service,
        ServerLimits limits
    )
    {
        var identity = collections.Identity with { Instruction = SampleCollection.Instruction };
        var collection = await collections.CreateAsync(SampleCollection.Name, identity, context.RequestAborted);
        // No more at once than a request may bring.
        foreach (var items in SampleCollection.Items().Chunk(limits.MaxItems))
            await service.AddAsync(SampleCollection.Name, items, context.RequestAborted);
        return new(await CollectionAnswer.OfAsync(collections.Identity, collection, context.RequestAborted));
    }

    private static Answer<ExampleList> Examples() =>
        new(
            new ExampleList([
                .. SampleCollection.Queries().Select(query => new ExampleQuery(query.Text, query.Image is { } png ? DataUri(png) : null)),
            ])
        );

    private static string DataUri(byte[] png) => $"data:image/png;base64,{Convert.ToBase64String(png)}";
}

/// <summary>Queries to try.</summary>
internal sealed record ExampleList(IReadOnlyList<ExampleQuery> Examples);

/// <summary>A query to try.</summary>
internal sealed record ExampleQuery(string Text, [property: Description("An image as a data URI.")] string? Image);
