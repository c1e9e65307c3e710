using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Which layers stay on a device.</summary>
public sealed class ResidencyTests
{
    private static readonly ModelPlan Plan = PlanOf("random:mistral-7b:q4_0");

    [Theory]
    [InlineData(16, "1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31")]
    [InlineData(4, "7 15 23 31")]
    [InlineData(32, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31")]
    public void Of_SomeLayers_SpreadsThemEvenly(int streamed, string layers) =>
        Assert.Equal(layers, string.Join(' ', Residency.Of(Plan, streamed).Streamed));

    [Fact]
    public void Within_LessAndLessMemory_StreamsNoMoreThanItMust()
    {
        long slots = Residency.Of(Plan, 32).DeviceBytes;
        Assert.Empty(Residency.Within(Plan, Plan.WeightBytes).Streamed);
        for (long bytes = Plan.WeightBytes - 1; bytes >= slots; bytes -= Plan.WeightBytes / 100)
        {
            var residency = Residency.Within(Plan, bytes);
            Assert.InRange(residency.DeviceBytes, slots, bytes);
            Assert.Equal(0, residency.Streamed.Count % Residency.SlotCount);
            Assert.True(Residency.Of(Plan, residency.Streamed.Count - Residency.SlotCount).DeviceBytes > bytes);
        }

        Assert.Equal(32, Residency.Within(Plan, 0).Streamed.Count);
    }

    // All but the fewest bytes are needed: embedding, output, vectors, and two slots.
    [Fact]
    public void DeviceBytes_OfStreamedLayers_CountsSlotsAndNotLayers()
    {
        var all = Residency.Of(Plan, 32);
        long layers = Plan.Layers.Sum(layer => layer.Sum(matrix => matrix.Bytes));
        Assert.Equal(Plan.WeightBytes - layers + (2 * all.SlotBytes), all.DeviceBytes);
        Assert.InRange(all.StreamedBytes, layers, layers + (32 * 7 * 256));
    }

    // A device that uses layers in place has no slots, so that one layer already saves memory. With all layers, the embedding and
    // the output matrix are used in place too.
    [Fact]
    public void DeviceBytes_OfLayersInPlace_CountsNoSlots()
    {
        long layer = Plan.Layers[0].Sum(matrix => matrix.Bytes);
        var one = Residency.Within(Plan, Plan.WeightBytes - 1, slots: 0);
        Assert.Single(one.Streamed);
        Assert.Equal(Plan.WeightBytes - layer, one.DeviceBytes);
        Assert.False(Residency.Within(Plan, Plan.WeightBytes, slots: 0).IsInPlace);

        var all = Residency.Within(Plan, 0, slots: 0);
        Assert.Equal(33, all.Matrices.Count);
        Assert.Equal(all.Matrices.Max(Residency.BytesOf), all.PackingBytes);
        Assert.Equal(Plan.Weights.OfType<VectorPlan>().Sum(vector => vector.Bytes), all.DeviceBytes);
        Assert.Equal(
            Plan.Weights.OfType<MatrixPlan>().Select(matrix => matrix.Name).Order(),
            all.Matrices.SelectMany(matrices => matrices).Select(matrix => matrix.Name).Order());
    }

    private static ModelPlan PlanOf(string model)
    {
        using var checkpoint = Checkpoint.Open(model);
        var device = DeviceCatalog.List().First(device => device.Kind == DeviceKind.Cpu);
        return MistralGraph.PlanOf(checkpoint.Config, checkpoint.Tensors, new ModelOptions(), device);
    }
}
