using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// What a test needs beyond the .NET SDK and a few seconds, as its trait <c>Needs</c> says. <c>.ci/run</c> runs the tests that
/// need something where it is, and the others where nothing is. A test that uses a thing without saying so would run in neither.
/// </summary>
public static class Needs
{
    public const string Trait = nameof(Needs);

    /// <summary>An OpenCL driver.</summary>
    public const string OpenCl = "opencl";

    /// <summary>Reference data that is too large for the repository, or not ours to give.</summary>
    public const string Shared = "shared";

    /// <summary>Node.js, and the packages of npm that <c>tests/Mistral.Ilgpu.Server.Tests/clients</c> names.</summary>
    public const string Npm = "npm";

    /// <summary>More than some seconds: such a test is explicit too, so that the plain command leaves it out.</summary>
    public const string Time = "time";

    /// <summary>The case, left out of the plain command.</summary>
    public static TRow Long<TRow>(TRow row)
        where TRow : TheoryDataRowBase
    {
        row.Explicit = true;
        return row.WithTrait(Trait, Time);
    }

    /// <summary>The trait of cases that are run by hand alone, because all of them take hours: every format and form on every
    /// device.</summary>
    public const string Exhaustive = nameof(Exhaustive);

    /// <summary>The case, run by hand alone.</summary>
    public static TRow ByHand<TRow>(TRow row)
        where TRow : TheoryDataRowBase
    {
        row.Explicit = true;
        row.Traits.Remove(Trait);
        return row.WithTrait(Exhaustive, "formats");
    }

    /// <summary>The running test must say that it needs this.</summary>
    public static void Expect(string what)
    {
        if (TestContext.Current.Test is { } test && !test.Traits.ContainsKey(Exhaustive) && !(test.Traits.TryGetValue(Trait, out var needs) && needs.Contains(what)))
        {
            Assert.Fail($"the test uses what it does not name: expected the trait {Trait}={what} ([Trait(Needs.Trait, \"{what}\")], or of a row)");
        }
    }
}
