using System.CommandLine;
using Rge.Training.Settings;

namespace Rge.Cli;

/// <summary>The <c>--device</c> option of verbs that train; their settings say where unless it is given.</summary>
internal static class TrainingDevice
{
    /// <summary>Makes the option.</summary>
    public static Option<string?> Option()
    {
        var option = new Option<string?>("--device") { Description = $"Where to train: {DeviceNames.Expected}. What the settings say unless given; auto takes a GPU if there is one." };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } name && !DeviceNames.IsKnown(name)) result.AddError($"--device is '{name}', expected {DeviceNames.Expected}.");
        });
        return option;
    }
}
