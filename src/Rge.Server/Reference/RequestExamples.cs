namespace Rge.Server.Reference;

/// <summary>Whole request bodies for the reference; tests send each of them.</summary>
internal static class RequestExamples
{
    /// <summary>A red square of 28 × 28 pixels.</summary>
    private const string Image = "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAIAAAD9b0jDAAAAI0lEQVR42u3MsQ0AAAjAoP7/tD7hJgkzTZ1LKpVKpVKp9Ee6DsoNHtgm0ZUAAAAASUVORK5CYII=";

    private const string Uri = $"data:image/png;base64,{Image}";

    public static IReadOnlyDictionary<string, string> OpenAi { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Texts"] = """{"input": ["a red circle", "a blue square"], "role": "document"}""",
        ["A query with its rationale"] = """{"input": "the red circle above a blue square", "reasoning": "on", "return_rationale": true, "max_rationale_tokens": 36}""",
        ["Picture and text as messages"] = $$$"""
            {"messages": [{"role": "user", "content": [
              {"type": "image_url", "image_url": {"url": "{{{Uri}}}"}},
              {"type": "text", "text": "what is above the square?"}]}], "return_rationale": true}
            """,
        ["Jina's items"] = $$$"""{"task": "retrieval.passage", "input": [{"text": "a red circle"}, {"image": "{{{Image}}}"}]}""",
    };

    public static IReadOnlyDictionary<string, string> Cohere { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Texts"] = """{"input_type": "search_document", "embedding_types": ["float", "ubinary"], "texts": ["a red circle", "a blue square"]}""",
        ["Picture and text"] = $$$"""
            {"input_type": "search_query", "inputs": [{"content": [
              {"type": "text", "text": "the same shape in"}, {"type": "text", "text": "red"},
              {"type": "image_url", "image_url": {"url": "{{{Uri}}}"}}]}]}
            """,
    };

    public static IReadOnlyDictionary<string, string> Voyage { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Picture and text"] = $$$"""
            {"input_type": "query", "inputs": [{"content": [
              {"type": "text", "text": "a red square"}, {"type": "image_base64", "image_base64": "{{{Uri}}}"}]}]}
            """,
    };

    public static IReadOnlyDictionary<string, string> Rationales { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["As it is written"] = """{"input": "the red circle above a blue square", "max_rationale_tokens": 36, "stream": true}""",
        ["One that was edited"] = """{"input": "the red circle above a blue square", "rationale": "a red circle"}""",
    };

    public static IReadOnlyDictionary<string, string> CreateCollection { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["With the model's dimensions"] = """{"name": "scenes", "instruction": "represent the picture"}""",
    };

    public static IReadOnlyDictionary<string, string> AddItems { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Text and picture"] = $$$"""
            {"items": [{"text": "a red circle", "metadata": {"color": "red"}}, {"key": "square-1", "image": "{{{Uri}}}", "metadata": {"color": ["red"], "shape": ["square"]}}]}
            """,
    };

    public static IReadOnlyDictionary<string, string> Search { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Words"] = """{"text": "find the picture with a red circle in the center", "top_k": 5, "max_rationale_tokens": 36}""",
        ["Like this picture, but"] = $$$"""{"image": "{{{Uri}}}", "text": "the same in blue", "where": ["color=red"], "stream": true}""",
    };
}
