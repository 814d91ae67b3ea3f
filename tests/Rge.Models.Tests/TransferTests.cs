using System.Text.RegularExpressions;
using Rge.Models.Inputs;
using Rge.Models.Tensors;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>What moves between host and device while a model decodes.</summary>
public sealed partial class TransferTests
{
    [Theory, MemberData(nameof(QwenVlModelTests.Families), MemberType = typeof(QwenVlModelTests))]
    public void A_step_brings_its_tokens_to_the_device_in_one_copy(ModelFamily family)
    {
        using var model = TinyModel.Create(family);
        foreach (var count in (int[])[1, 2, 6])
        {
            int[] slots = [.. Enumerable.Range(0, count)];
            using var state = model.CreateState(count + 1, 16);
            model.Prefill([.. slots.Select(i => new ModelInput([.. Enumerable.Range(1, 2 + i)]))], state, slots).Dispose();
            Assert.Equal(new TransferCount(1, 0), Count(() => Step(slots)));
            // Slots that do not follow each other need no more.
            if (count > 1)
            {
                state.CopyFrom(state, 0, count);
                Assert.Equal(new TransferCount(1, 0), Count(() => Step([count, 1])));
            }

            void Step(int[] at) => model.Step([.. at.Select(_ => 3)], state, at).Dispose();
        }
    }

    [Fact]
    public void A_download_is_float32_on_the_host()
    {
        using var scope = NewDisposeScope();
        var values = tensor(new float[] { 1, 2, 3, 4 }, [2, 2], ScalarType.BFloat16).t();
        var host = values;
        Assert.Equal(new TransferCount(0, 1), Count(() => host = HostTransfers.Download(values)));
        Assert.Equal([1, 3, 2, 4], host.data<float>().ToArray());
    }

    /// <summary>What the decoder reads, and what it gives, moves through <see cref="HostTransfers"/> alone.</summary>
    [Fact]
    public void Nothing_that_decoding_runs_makes_another_transfer()
    {
        var source = Path.Combine(Golden.RepositoryRoot, "src");
        string[] folders =
        [
            .. new[] { "Families", "Inference", "Inputs", "Layers" }.Select(name => Path.Combine(source, "Rge.Models", name)),
            Path.Combine(source, "Rge", "Decoding"),
        ];
        // Weights of few bits are computed with on the CPU only, and the padding of a table concerns gradients only.
        string[] elsewhere = ["Int4Weight.cs", "QuantizedWeight.cs", "EmbeddingTable.cs"];
        string[] files =
        [
            .. folders
                .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
                .Where(file => !elsewhere.Contains(Path.GetFileName(file), StringComparer.Ordinal)),
        ];
        Assert.NotEmpty(files);
        foreach (var file in files)
        foreach (var (number, line) in File.ReadLines(file).Index())
            Assert.False(Transfer().IsMatch(line), $"{file}:{number + 1} moves a tensor past HostTransfers: {line}");
    }

    private static TransferCount Count(Action action)
    {
        var before = HostTransfers.OfThread;
        action();
        return HostTransfers.OfThread.Since(before);
    }

    [GeneratedRegex(
        @"(?<![\w.])tensor\(|\.(cpu|cuda|item|Number|ToDouble|tolist)(<\w+>)?\(|\.to\([^)]*[dD]evice",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Transfer();
}
