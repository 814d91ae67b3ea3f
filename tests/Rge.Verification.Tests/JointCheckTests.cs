using Rge.Tests.Shared;

namespace Rge.Verification.Tests;

/// <summary>The joint objective against the reference: in one pass, in chunks with cached gradients, and with activations computed again.</summary>
public sealed class JointCheckTests
{
    public static TheoryData<string> Families => [.. Golden.Families()];

    [Theory]
    [MemberData(nameof(Families))]
    public void Losses_and_every_gradient_are_those_of_the_reference(string family) => Check(family, chunkTokens: 0);

    [Theory]
    [MemberData(nameof(Families))]
    public void So_they_are_with_cached_gradients(string family) => Check(family, chunkTokens: 1);

    [Theory]
    [MemberData(nameof(Families))]
    public void So_they_are_with_activations_computed_again(string family) => Check(family, chunkTokens: 0, activationCheckpointing: true);

    private static void Check(string family, int chunkTokens, bool activationCheckpointing = false)
    {
        var rows = JointCheck.Run(Golden.Require(family), chunkTokens, activationCheckpointing);
        foreach (var row in rows) TestContext.Current.TestOutputHelper?.WriteLine(row.ToString());
        Assert.All(rows, row => Assert.True(row.IsPresent && row.Passed, row.ToString()));
    }
}
