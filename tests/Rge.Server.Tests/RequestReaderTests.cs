using System.Text;
using Rge.Server.Apis.Cohere;
using Rge.Server.Apis.OpenAi;
using Rge.Server.Apis.Rge;
using Rge.Server.Apis.Voyage;
using Rge.Server.Collections;
using Rge.Server.Endpoints;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Tests;

/// <summary>Requests of all formats as records: no server, no model.</summary>
public sealed class RequestReaderTests
{
    private const string Png = "data:image/png;base64,iVBORw0KGgo=";

    private static readonly ServerLimits Limits = new()
    {
        MaxItems = 3,
        MaxImages = 2,
        MaxRationaleTokens = 50,
    };

    private static readonly RequestReader Reader = new(
        Limits,
        new ModelDescription(["one", "other"], Dimensions: 64, MinPixels: 100, MaxPixels: 900, ImageTokenSide: 28)
    );

    /// <summary>Formats and the members that the OpenAPI document lists for them.</summary>
    public static TheoryData<string, string> Documented { get; } =
        new(from format in Formats from field in format.Reference.Fields select (format.Name, field.Name));

    private static IEnumerable<(string Name, EndpointReference Reference, RequestMembers Members)> Formats =>
        [
            ("openai", OpenAiEndpoints.Reference, OpenAiRequest.Members),
            ("cohere", CohereEndpoints.Reference, CohereRequest.Members),
            ("voyage", VoyageEndpoints.Reference, VoyageRequest.Members),
            ("rationale", RationaleEndpoints.Reference, RationaleRequest.Members),
            ("collection", CollectionEndpoints.CreateReference, CollectionRequest.Members),
            ("search", SearchEndpoints.Reference, SearchRequest.Members),
            ("items", ItemEndpoints.AddReference, ItemsRequest.Members),
        ];

    [Theory]
    [MemberData(nameof(Documented))]
    public void A_member_that_the_reference_lists_is_read(string format, string member) =>
        Assert.True(Formats.Single(one => one.Name == format).Members.Has(member));

    [Fact]
    public void OpenAis_input_is_a_text_an_item_or_a_list_of_them_or_of_conversations()
    {
        Assert.Equal(["input: a"], Items(OpenAi("""{"input":"a"}""")));
        Assert.Equal(["input[0]: a", "input[1]: b [image]"], Items(OpenAi($$"""{"input":["a",{"text":"b","image":"{{Png}}"}]}""")));
        Assert.Equal(["input: a b"], Items(OpenAi("""{"input":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}""")));
        Assert.Equal(
            ["messages[0]: a", "messages[1]: b"],
            Items(OpenAi("""{"messages":[[{"role":"user","content":"a"}],[{"role":"user","content":"b"}]]}"""))
        );
        var system = OpenAi("""{"instruction":"find","messages":[{"role":"system","content":"it"},{"role":"user","content":"a"}]}""");
        Assert.Equal("find it", Assert.Single(system.Items).Input.Instruction);
    }

    [Fact]
    public void What_is_asked_of_all_items_is_read()
    {
        var request = OpenAi(
            """
            {"input":"a","model":"other","task":"retrieval.passage","reasoning":"on","max_rationale_tokens":7,"return_rationale":true,"dimensions":8,
             "encoding_format":"base64","max_pixels":900,"mm_processor_kwargs":{"min_pixels":100}}
            """
        );
        Assert.Equal((8, 7, true), (request.Dimensions, request.MaxRationaleTokens, request.ReturnRationale));
        Assert.Equal([VectorEncoding.Base64], request.Encodings);
        Assert.Equal((ItemRole.Target, ReasoningMode.On), (request.Items[0].Input.Role, request.Items[0].Input.Reasoning));
        Assert.Equal(ItemRole.Query, OpenAi("""{"input":"a","task":"retrieval.passage","role":"query"}""").Items[0].Input.Role);
    }

    [Theory]
    [InlineData("""{"input":"a","dimensions":65}""", 400, "dimensions", "dimensions is 65, expected a whole number from 1 to 64.")]
    [InlineData("""{"input":"a","model":"third"}""", 404, "model", "The model 'third' is not here, expected one or other.")]
    [InlineData(
        """{"input":"a","max_pixels":5}""",
        400,
        "max_pixels",
        "max_pixels is 5, but this server resizes images to max_pixels 900; that is chosen when it is started."
    )]
    [InlineData("""{"input":["a","b","c","d"]}""", 400, "input", "input has 4 items, expected 1 to 3.")]
    [InlineData(
        """{"input":"a","max_rationale_tokens":51}""",
        400,
        "max_rationale_tokens",
        "max_rationale_tokens is 51, expected a whole number from 1 to 50."
    )]
    public void What_neither_model_nor_limits_allow_is_refused(string body, int status, string place, string message)
    {
        var error = Assert.Throws<ApiException>(() => OpenAi(body));
        Assert.Equal((status, place, message), (error.Status, error.Param, error.Message));
    }

    [Fact]
    public void Images_are_counted_over_all_items()
    {
        var error = Assert.Throws<ApiException>(() =>
            Read($$"""{"images":["{{Png}}","{{Png}}","{{Png}}"]}""", body => CohereRequest.Read(body, Reader))
        );
        Assert.Equal("The request has 3 images, expected at most 2.", error.Message);
    }

    [Fact]
    public void Coheres_forms_are_read_once_each_and_its_input_type_is_the_role()
    {
        var request = Read(
            """{"texts":["a","b"],"input_type":"search_document","embedding_types":["int8","float","int8"],"output_dimension":4}""",
            body => CohereRequest.Read(body, Reader)
        );
        Assert.Equal(["texts[0]: a", "texts[1]: b"], Items(request));
        Assert.Equal([VectorEncoding.Int8, VectorEncoding.Float], request.Encodings);
        Assert.Equal((4, ItemRole.Target), (request.Dimensions, request.Items[1].Input.Role));
    }

    [Fact]
    public void Voyages_items_keep_the_order_of_their_parts()
    {
        var request = Read(
            $$"""{"inputs":[{"content":[{"type":"image_base64","image_base64":"{{Png}}"},{"type":"text","text":"a"}]}],"""
                + $$""" "output_encoding":"base64"}""",
            body => VoyageRequest.Read(body, Reader)
        );
        Assert.Equal([(null, true), ("a", false)], request.Items[0].Parts.Select(part => (part.Text, part.Image is not null)));
        Assert.Equal("inputs[0].content[0].image_base64", request.Items[0].Images[0].Path);
    }

    [Fact]
    public void A_rationale_is_of_one_item()
    {
        var request = Read("""{"input":"a","rationale":"because","stream":true}""", body => RationaleRequest.Read(body, Reader));
        Assert.True(request.Streams);
        Assert.Equal("because", Assert.Single(request.Embedding.Items).Input.Rationale);
        var error = Assert.Throws<ApiException>(() => Read("""{"input":["a","b"]}""", body => RationaleRequest.Read(body, Reader)));
        Assert.Equal("The request has 2 items, expected one.", error.Message);
    }

    [Fact]
    public void A_search_has_a_query_and_what_may_be_found()
    {
        var search = Read("""{"text":"a","top_k":3,"where":["color=red"],"kind":"image"}""", body => SearchRequest.Read(body, Limits));
        Assert.Equal((3, "a", ItemRole.Query, false), (search.Top, search.Query.Text, search.Query.Input.Role, search.Streams));
        Assert.Equal(10, Read("""{"text":"a"}""", body => SearchRequest.Read(body, Limits)).Top);
        Assert.Throws<ApiException>(() => Read("""{"text":"a","where":null}""", body => SearchRequest.Read(body, Limits)));
    }

    [Fact]
    public void A_collection_is_as_long_as_the_model_allows()
    {
        var request = Read("""{"name":"c","dimensions":64,"index":"hnsw"}""", body => CollectionRequest.Read(body, Reader));
        Assert.Equal(("c", 64, null), (request.Name, request.Dimensions, request.Instruction));
        Assert.Throws<ApiException>(() => Read("""{"name":"c","dimensions":65}""", body => CollectionRequest.Read(body, Reader)));
    }

    [Fact]
    public void An_item_that_cannot_be_read_is_listed_or_ends_the_request()
    {
        const string Body = """{"items":[{"text":"a"},{"text":"","key":"k"}],"on_error":"@"}""";
        var skipped = Read(Body.Replace("@", "skip", StringComparison.Ordinal), body => ItemsRequest.Read(body, Limits));
        Assert.Equal([null, "items[1] has neither text nor image."], skipped.Items.Select(item => item.Problem?.Message));
        var failed = Assert.Throws<ApiException>(() =>
            Read(Body.Replace("@", "fail", StringComparison.Ordinal), body => ItemsRequest.Read(body, Limits))
        );
        Assert.Equal("items[1]", failed.Param);
    }

    private static EmbeddingRequest OpenAi(string json) => Read(json, body => OpenAiRequest.Read(body, Reader));

    private static T Read<T>(string json, Func<JsonField, T> read) => RequestBody.Read(Encoding.UTF8.GetBytes(json), "", read);

    /// <summary>Each item as its place, its text, and a mark for each image.</summary>
    private static IEnumerable<string> Items(EmbeddingRequest request) =>
        request.Items.Select(item => $"{item.Path}: {item.Text}{string.Concat(item.Images.Select(_ => " [image]"))}");
}
