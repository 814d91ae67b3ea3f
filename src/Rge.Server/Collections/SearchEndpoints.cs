using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Search;
using Rge.Server.Answers;
using Rge.Server.Endpoints;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Collections;

/// <summary>Search in a collection: <c>POST /v1/collections/{name}/search</c>.</summary>
internal static class SearchEndpoints
{
    public static EndpointReference Reference { get; } =
        new(
            CollectionEndpoints.Tag,
            "Search a collection",
            """
            A text, an image or both. With `stream` the answer comes as Server-Sent Events: `rationale` with a piece of text each, then `answer`
            with what is answered without `stream`; `error` where something goes wrong on the way.
            """
        )
        {
            Fields =
            [
                new("text", null, "What is looked for, in words."),
                new("image", null, "An image as a data URI, base64, or a URL where the server allows its host."),
                new(
                    "instruction",
                    null,
                    "What is to be done with text and image, for example `Find an image that matches the modification:`."
                ),
                new(
                    "reasoning",
                    RequestReader.Reasoning.Keys,
                    "Whether a rationale is written first; on unless given, with auto the model decides."
                ),
                new("rationale", null, "A rationale to read instead of writing one: one that the user has edited."),
                new("max_rationale_tokens", null, "The longest rationale.", IsNumber: true),
                new("top_k", null, "How many hits, 1 to 100; 10 unless given.", IsNumber: true),
                new(
                    "where",
                    null,
                    "Which items may be found, by metadata: `KEY=VALUE`, `KEY!=VALUE`, or a comparison such as `KEY>=VALUE`, one or a "
                        + "list. "
                        + "Values of one key are alternatives."
                ),
                new("kind", SearchNames.Kinds.Keys, "Only items of this kind."),
                new("stream", null, "Send the rationale as it is written.", IsFlag: true),
            ],
            Examples = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Words"] = """{"text": "find the picture with a red circle in the center", "top_k": 5, "max_rationale_tokens": 36}""",
                ["Like this image, but"] =
                    $$$"""{"image": "{{{ExampleImage.Uri}}}", "text": "the same in blue", "where": ["color=red"], "stream": true}""",
            },
        };

    public static void MapSearch(this IEndpointRouteBuilder collections) =>
        collections.MapPost("/{name}/search", AnswerAsync).Describe(Reference).Produces<SearchAnswered>();

    private static async Task<IResult> AnswerAsync(
        string name,
        HttpContext context,
        ServerLimits limits,
        CollectionService service,
        ApiErrors errors
    )
    {
        var request = await RequestBody.ReadAsync(context.Request, body => SearchRequest.Read(body, limits));
        if (!request.Streams)
            return new Answer<SearchAnswered>(SearchAnswered.From(await service.SearchAsync(name, request, context.RequestAborted)));
        return await EventStream.AnswerAsync(context, errors, service.StreamAsync(name, request, context.RequestAborted), ToEvent);
    }

    private static SseItem<string> ToEvent(SearchUpdate update) =>
        update.Answer is { } answer
            ? EventStream.Event("answer", SearchAnswered.From(answer))
            : EventStream.Event("rationale", new RationaleText(update.Text));
}
