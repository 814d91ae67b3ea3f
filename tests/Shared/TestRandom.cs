using System.Globalization;

namespace Rge.Tests.Shared;

/// <summary>Random numbers of tests that try another course of events each time.</summary>
internal static class TestRandom
{
    private const string Variable = "RGE_TEST_SEED";

    /// <summary>
    /// Numbers from a fresh seed, or from the one in RGE_TEST_SEED. The test's output says which, for the test to be run again with it.
    /// </summary>
    public static Random Create()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out var given)
            ? given
            : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed {seed}: set {Variable}={seed} to repeat this run.");
        return new Random(seed);
    }
}
