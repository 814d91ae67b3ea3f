using Rge.Tests.Shared;
using Rge.Verification;
using static TorchSharp.torch;

namespace Rge.Tests;

public sealed class ReferenceVectorTests
{
    public static TheoryData<string> Families => [.. Golden.Families()];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Families))]
    public async Task Every_quantity_is_within_its_tolerance(string family) => await CheckAsync(Golden.Require(family), new VerificationOptions());

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Families))]
    public async Task Embeddings_in_bfloat16_are_close_to_those_in_float32(string family) =>
        await CheckAsync(Golden.Require(family), new VerificationOptions { DType = ScalarType.BFloat16 });

    private static async Task CheckAsync(string folder, VerificationOptions options)
    {
        var rows = await ReferenceVectors.CheckAsync(folder, options, cancellationToken: TestContext.Current.CancellationToken);
        foreach (var row in rows) TestContext.Current.TestOutputHelper?.WriteLine(row.ToString());
        Assert.Contains(rows, row => row.IsPresent);
        Assert.All(rows, row => Assert.True(row.Passed, row.ToString()));
    }
}
