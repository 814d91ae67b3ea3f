using System.Diagnostics;
using System.Diagnostics.Metrics;
using Rge.Server.Requests;

namespace Rge.Server.Serving;

/// <summary>The server's own metrics and spans, those of the store apart; those of HTTP and of the runtime are .NET's.</summary>
internal sealed class Telemetry
{
    /// <summary>Name of meter and activity source.</summary>
    public const string Name = "Rge.Server";

    /// <summary>Names of spans.</summary>
    public const string Embed = "embed",
        Rerank = "rerank";

    private static readonly ActivitySource Spans = new(Name);

    private readonly Counter<long> _items;
    private readonly Counter<long> _promptTokens;
    private readonly Counter<long> _reusedTokens;
    private readonly Counter<long> _rationaleTokens;
    private readonly Histogram<double> _seconds;

    public Telemetry(IMeterFactory meters, AdmissionLimiter admission, BodyMemory memory)
    {
        var meter = meters.Create(Name);
        _items = meter.CreateCounter<long>("rge.items", "{item}", "Items embedded, and pairs scored.");
        _promptTokens = meter.CreateCounter<long>("rge.prompt.tokens", "{token}", "Tokens of prompts, image tokens included.");
        _reusedTokens = meter.CreateCounter<long>("rge.prompt.reused.tokens", "{token}", "Tokens of prompts that a kept state spared.");
        _rationaleTokens = meter.CreateCounter<long>("rge.rationale.tokens", "{token}", "Tokens of rationales written.");
        _seconds = meter.CreateHistogram(
            "rge.item.duration",
            "s",
            "Where the time of an item goes: waiting, prefill, decoding.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100] }
        );
        meter.CreateObservableUpDownCounter("rge.queue.items", () => admission.Items, "{item}", "Items that are worked on or wait.");
        meter.CreateObservableCounter("rge.queue.refused", () => admission.Refused, "{item}", "Items refused because the queue was full.");
        meter.CreateObservableUpDownCounter(
            "rge.body.memory",
            () => memory.Used,
            "By",
            "Bytes of bodies and fetched images in memory, small ones left out."
        );
        meter.CreateObservableCounter(
            "rge.body.refused",
            () => memory.Refused,
            "{request}",
            "Requests refused because bodies filled the memory for them."
        );
    }

    /// <summary>Starts the span of a request's work; dispose it when that is done.</summary>
    /// <param name="name">The work: <see cref="Embed"/> or <see cref="Rerank"/>.</param>
    /// <param name="items">Items, or pairs of a query and a document.</param>
    public static Activity? Begin(string name, int items) => Spans.StartActivity(name)?.SetTag("rge.items", items);

    /// <summary>Counts a pair of a query and a document that has a score.</summary>
    public void Count(RerankResult result)
    {
        var tag = new KeyValuePair<string, object?>("role", "pair");
        _items.Add(1, tag);
        _promptTokens.Add(result.PromptTokens, tag);
        _reusedTokens.Add(result.ReusedTokens, tag);
    }

    /// <summary>Counts a finished embedding.</summary>
    public void Count(ItemRole role, ReasoningEmbedding embedding)
    {
        var tag = new KeyValuePair<string, object?>("role", RoleNames.NameOf(role));
        _items.Add(1, tag);
        _promptTokens.Add(embedding.PromptTokens, tag);
        _reusedTokens.Add(embedding.ReusedTokens, tag);
        _rationaleTokens.Add(embedding.WrittenTokens, tag);
        var (waiting, prefill, decoding) = embedding.Timings;
        _seconds.Record(waiting.TotalSeconds, tag, new("phase", "waiting"));
        _seconds.Record(prefill.TotalSeconds, tag, new("phase", "prefill"));
        _seconds.Record(decoding.TotalSeconds, tag, new("phase", "decoding"));
    }
}
