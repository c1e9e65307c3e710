using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Clang and ROCm's device libraries for all tests of a class; where they are absent, each is skipped.</summary>
public sealed class AmdTools
{
    private readonly Amdgcn? _found;
    private readonly string _missing = "";

    public AmdTools()
    {
        try
        {
            _found = Amdgcn.Find();
        }
        catch (MissingToolException exception)
        {
            _missing = exception.Message;
        }
    }

    internal Amdgcn Get()
    {
        Assert.SkipWhen(_found is null, _missing);
        return _found!;
    }
}
