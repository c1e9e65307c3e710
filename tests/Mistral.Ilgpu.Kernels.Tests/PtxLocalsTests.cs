using Mistral.Ilgpu.Execution.Compilation;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

public sealed class PtxLocalsTests
{
    [Fact]
    public void ToRegisters_VariableStoredAndLoadedWhole_IsRegister() => Assert.Equal(
        Function(".reg .b32\t%local_depot0;", "mov.b32\t%local_depot0, %f1;", "mov.b32\t%f2, %local_depot0;"),
        PtxLocals.ToRegisters(Function(
            ".local .align 4 .b8 __local_depot0[4];", "mov.b64\t%rd1, __local_depot0;", "st.local.f32\t[%rd1], %f1;", "ld.local.f32\t%f2, [%rd1];")));

    [Theory]
    [InlineData("add.s64\t%rd2, %rd1, 4;")]
    [InlineData("st.local.f32\t[%rd1+4], %f1;")]
    [InlineData("st.local.b16\t[%rd1], %rs1;")]
    [InlineData("st.local.v2.b32\t[%rd1], {%r1, %r2};")]
    [InlineData("@%p1 st.local.f32\t[%rd1], %f1;")]
    [InlineData("st.local.b64\t[%rd3], %rd1;")]
    public void ToRegisters_VariableUsedOtherwise_StaysInMemory(string use)
    {
        string function = Function(
            ".local .align 4 .b8 __local_depot0[4];", "mov.b64\t%rd1, __local_depot0;", "st.local.f32\t[%rd1], %f1;", use);
        Assert.Equal(function, PtxLocals.ToRegisters(function));
    }

    [Fact]
    public void ToRegisters_Array_StaysInMemory()
    {
        string function = Function(
            ".local .align 4 .b8 __local_depot0[64];", "mov.b64\t%rd1, __local_depot0;", "st.local.f32\t[%rd1], %f1;");
        Assert.Equal(function, PtxLocals.ToRegisters(function));
    }

    [Fact]
    public void ToRegisters_SameNamesInTwoFunctions_AreTwoVariables()
    {
        string escapes = Function(
            ".local .align 4 .b8 __local_depot0[4];", "mov.b64\t%rd1, __local_depot0;", "add.s64\t%rd2, %rd1, 4;");
        string whole = Function(
            ".local .align 4 .b8 __local_depot0[4];", "mov.b64\t%rd1, __local_depot0;", "st.local.f32\t[%rd1], %f1;");
        Assert.Equal(
            escapes + Function(".reg .b32\t%local_depot0;", "mov.b32\t%local_depot0, %f1;"), PtxLocals.ToRegisters(escapes + whole));
    }

    private static string Function(params string[] lines) =>
        ".visible .entry f()\n{\n" + string.Concat(lines.Select(line => $"\t{line}\n")) + "}\n";
}
